using QatKit.Core.Artifact;
using QatKit.Core.Graph;
using QatKit.Export;
using QatKit.Quantization;
using QatKit.Quantization.Freezing;
using QatKit.Quantization.Placement;
using QatKit.Quantization.Surgery;
using QatKit.TestKit;
using QatKit.Testing;
using QatKit.Training.Bert;
using static TorchSharp.torch;

namespace QatKit.Parity.Tests;

/// <summary>A small random BERT, calibrated, frozen and exported, with sequences to run it on.</summary>
internal sealed class FrozenModel : IDisposable
{
    private readonly TempFolder _folder = new();

    public FrozenModel(int seed, QuantizationPlan? plan = null, int classes = 3)
    {
        Config = new BertConfig
        {
            VocabSize = 50, HiddenSize = 32, Layers = 2, Heads = 2, IntermediateSize = 64, MaxPositions = 16, Classes = classes,
            HiddenDropout = 0.1, AttentionDropout = 0.1, InitializerRange = 0.15,
        };
        Model = new BertForSequenceClassification(Config, seed);
        Prepared = ModuleSurgeon.Prepare(Model, plan ?? new QuantizationPlan());
        Model.eval();
        Prepared.SetPhase(QuantizationPhase.Calibrate);
        using (no_grad())
        using (NewDisposeScope())
            for (var i = 0; i < 3; i++) Model.Run(Batch(1000 + seed + i, 3, 16, 9));
        Prepared.FinishCalibration();
        Prepared.SetPhase(QuantizationPhase.FakeQuant);
        Graph = Freezer.Freeze(Prepared);
        var details = new ArtifactDetails { Labels = [.. new[] { "a", "b", "c" }.Take(classes)], MaxSequenceLength = 16, LowerCase = true };
        Artifact = ArtifactWriter.Write(Graph, details, null, _folder.Combine("model"), TestContext.Current.CancellationToken);
        Sequences = Batches.Split([Batch(7, [.. Enumerable.Range(0, 40).Select(i => 1 + i * 5 % 16)])]);
    }

    public BertConfig Config { get; }

    public BertForSequenceClassification Model { get; }

    public PreparedModel Prepared { get; }

    public QuantizedGraph Graph { get; }

    public ModelArtifact Artifact { get; }

    public IReadOnlyList<TokenBatch> Sequences { get; }

    /// <summary>Adds to one element of a parameter of the torch model, after the freeze.</summary>
    public void Nudge(string parameter, int index, float amount)
    {
        using var noGrad = no_grad();
        using var values = Model.get_parameter(parameter)!.view(-1);
        using var element = values[index];
        element.add_(amount);
    }

    public void Dispose()
    {
        Model.Dispose();
        _folder.Dispose();
    }

    private TokenBatch Batch(int seed, params int[] lengths) => SyntheticGraph.CreateBatch(Config.ToArchitecture(), lengths, seed);
}

using QatKit.Quantization;
using QatKit.Quantization.Placement;
using QatKit.Quantization.Surgery;
using QatKit.Training.Bert;
using static TorchSharp.torch;

namespace QatKit.Benchmarks.Training;

/// <summary>One model with its optimizer and one batch: forward, backward and AdamW.</summary>
public sealed class TrainingStep : IDisposable
{
    private const int BatchSize = 64;

    private readonly BertForSequenceClassification _model;
    private readonly optim.Optimizer _optimizer;
    private readonly Tensor _ids;
    private readonly Tensor _types;
    private readonly Tensor _lengths;
    private readonly Tensor _labels;

    /// <summary>Builds the step.</summary>
    /// <param name="layers">L.</param>
    /// <param name="hidden">H; heads of 64, F = 4·H.</param>
    /// <param name="quantized">Fake-quantized after calibration on the batch, ranges following; else plain float32.</param>
    public TrainingStep(int layers, int hidden, bool quantized)
    {
        var config = new BertConfig { Layers = layers, HiddenSize = hidden, Heads = hidden / 64, IntermediateSize = 4 * hidden };
        _model = new BertForSequenceClassification(config, seed: 1);
        var random = new Random(1);
        // Lengths of a bucket of short sentences: 24 to 32 tokens.
        var lengths = Enumerable.Range(0, BatchSize).Select(_ => (long)random.Next(24, 33)).ToArray();
        _ids = tensor(Enumerable.Range(0, BatchSize * 32).Select(_ => (long)random.Next(config.VocabSize)).ToArray()).view(BatchSize, 32);
        _types = zeros_like(_ids);
        _lengths = tensor(lengths);
        _labels = tensor(lengths.Select(n => n % 2).ToArray());
        if (quantized)
        {
            var prepared = ModuleSurgeon.Prepare(_model, new QuantizationPlan());
            _model.eval();
            prepared.SetPhase(QuantizationPhase.Calibrate);
            using (no_grad())
            using (NewDisposeScope())
                _model.forward(_ids, _types, _lengths);
            prepared.FinishCalibration();
            prepared.SetPhase(QuantizationPhase.FakeQuant);
        }

        _model.train();
        _optimizer = optim.AdamW(_model.parameters(), lr: 1e-5);
    }

    /// <summary>Runs the step.</summary>
    public float Run()
    {
        using var scope = NewDisposeScope();
        _optimizer.zero_grad();
        var loss = nn.functional.cross_entropy(_model.forward(_ids, _types, _lengths), _labels);
        loss.backward();
        _optimizer.step();
        return loss.item<float>();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
        foreach (var t in new[] { _ids, _types, _lengths, _labels }) t.Dispose();
    }
}

using QatKit.Comparison.Onnx;
using QatKit.Core.Graph;
using QatKit.Export.Onnx;
using QatKit.TestKit;
using QatKit.Testing;
using QatKit.Training.Bert;
using QatKit.Training.Runs;
using QatKit.Text;
using static TorchSharp.torch;

namespace QatKit.Parity.Tests;

/// <summary>The float32 ONNX graph is the torch model.</summary>
[Collection(TorchCollection.Name)]
public sealed class OnnxFloatTests
{
    private const double Tolerance = 1e-4;

    [Theory]
    [InlineData(1, 1, 2, true)]
    [InlineData(2, 2, 4, false)]
    [InlineData(3, 3, 1, true)]
    public void Random_models_agree_on_ragged_batches(int seed, int layers, int heads, bool optimize)
    {
        var config = new BertConfig
        {
            VocabSize = 70, HiddenSize = 32, Layers = layers, Heads = heads, IntermediateSize = 80, MaxPositions = 24, Classes = 3, InitializerRange = 0.2,
        };
        using var model = new BertForSequenceClassification(config, seed);
        var batches = new[] { SyntheticGraph.CreateBatch(config.ToArchitecture(), [1, 24, 9], seed), SyntheticGraph.CreateBatch(config.ToArchitecture(), [13], seed) };
        AssertAgreement(model, batches, optimize);
    }

    [Fact]
    public void A_pretrained_model_agrees_on_every_sentence_of_sst2_dev()
    {
        var folder = SharedData.Require("models/bert-tiny-uncased-mlm");
        var dev = SharedData.Require("data/glue/SST-2/dev.tsv");
        var encoder = new BertTextEncoder(Vocabulary.Load(Path.Combine(folder, "vocab.txt")), maxLength: 64);
        var sentences = File.ReadLines(dev).Skip(1).Select(line => encoder.EncodeBatch(line.Split('\t')[0])).ToList();
        Assert.Equal(872, sentences.Count);
        using var model = BertCheckpoint.Load(folder, seed: 1, classes: 2).Model;
        AssertAgreement(model, Batches.Group(sentences, 32), optimize: true);
    }

    private static void AssertAgreement(BertForSequenceClassification model, IReadOnlyList<TokenBatch> batches, bool optimize)
    {
        model.eval();
        using var runner = new OnnxRunner(OnnxExporter.Build(OnnxModelExporter.Weights(model)).ToBytes(), optimize);
        using var noGrad = no_grad();
        foreach (var batch in batches)
        {
            using var logits = model.Run(batch);
            TensorAssert.Close(logits.data<float>().ToArray(), runner.Run(batch), Tolerance, model.Config.Classes);
        }
    }
}

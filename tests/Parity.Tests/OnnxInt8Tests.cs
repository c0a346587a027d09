using QatKit.Comparison.Onnx;
using QatKit.Core.Graph;
using QatKit.Export.Onnx;
using QatKit.InferenceEngine;
using QatKit.Quantization;
using QatKit.Quantization.Freezing;
using QatKit.Quantization.Placement;
using QatKit.Quantization.Surgery;
using QatKit.TestKit;
using QatKit.Testing;
using QatKit.Training.Bert;
using QatKit.Text;
using static TorchSharp.torch;

namespace QatKit.Parity.Tests;

/// <summary>The INT8 ONNX graph follows the engine on real sentences and real weights.</summary>
[Collection(TorchCollection.Name)]
public sealed class OnnxInt8Tests
{
    private const int CalibrationBatches = 8, BatchSize = 32;

    [Fact]
    public void A_calibrated_pretrained_model_follows_the_engine_on_sst2_dev()
    {
        var folder = SharedData.Require("models/bert-tiny-uncased-mlm");
        var dev = SharedData.Require("data/glue/SST-2/dev.tsv");
        var encoder = new BertTextEncoder(Vocabulary.Load(Path.Combine(folder, "vocab.txt")), maxLength: 64);
        var sentences = File.ReadLines(dev).Skip(1).Select(line => encoder.EncodeBatch(line.Split('\t')[0])).ToList();
        Assert.Equal(872, sentences.Count);
        var batches = Batches.Group(sentences, BatchSize);
        var graph = Calibrate(folder, batches.Take(CalibrationBatches));

        using var runner = new OnnxRunner(OnnxExporter.Build(graph).ToBytes(), optimize: true);
        using var session = InferenceSession.Create(graph);
        double signal = 0, noise = 0;
        foreach (var batch in batches)
        {
            var expected = session.Run(batch);
            var actual = runner.Run(batch);
            for (var i = 0; i < expected.Length; i++)
            {
                signal += (double)expected[i] * expected[i];
                noise += ((double)actual[i] - expected[i]) * ((double)actual[i] - expected[i]);
            }
        }

        // The head is untrained, so its classes say nothing, but its logits do. Both sides round on their own, each about 30 dB
        // from float, so they are about 27 dB from each other. A wrong scale or a transposed weight leaves less than 10.
        var sqnr = 10 * Math.Log10(signal / noise);
        Assert.True(sqnr > 24, FormattableString.Invariant($"The logits have an SQNR of {sqnr:F1} dB."));
    }

    private static QuantizedGraph Calibrate(string folder, IEnumerable<TokenBatch> batches)
    {
        using var model = BertCheckpoint.Load(folder, seed: 1, classes: 2).Model;
        var prepared = ModuleSurgeon.Prepare(model, new QuantizationPlan());
        model.eval();
        prepared.SetPhase(QuantizationPhase.Calibrate);
        using (no_grad())
        {
            foreach (var batch in batches)
            {
                using var scope = NewDisposeScope();
                model.Run(batch);
            }
        }

        prepared.FinishCalibration();
        prepared.SetPhase(QuantizationPhase.FakeQuant);
        return Freezer.Freeze(prepared);
    }
}

using QatKit.Core.Graph;
using QatKit.Quantization;
using QatKit.Quantization.Placement;
using QatKit.Training.Bert;
using QatKit.Training.Tests.Bert;
using static TorchSharp.torch;

namespace QatKit.Training.Tests.Quantization;

public sealed class GradientTests
{
    // Quantization moves activations by about 1/127 of their range, and gradients with them; a wrong factor, a missing
    // term or a transposed matrix moves them by their own size.
    [Fact]
    public void Every_parameters_gradient_points_where_the_float_models_does()
    {
        using var scope = NewDisposeScope();
        var config = TinyBert.Config();
        var (model, prepared) = PreparedBert.Calibrated(config, 3, new QuantizationPlan { Calibrator = QatKit.Quantization.Calibration.CalibratorSettings.Max });
        using var disposed = model;
        var batch = TinyBert.Batch(config, 3, 11, 16, 4);
        var quantized = Gradients(model, batch);
        prepared.SetPhase(QuantizationPhase.Off);
        foreach (var (name, expected) in Gradients(model, batch))
        {
            if (name == ModuleNames.Key(0) + ".bias" || name == ModuleNames.Key(1) + ".bias") continue; // exactly 0 in theory
            double dot = 0, a = 0, b = 0;
            for (var i = 0; i < expected.Length; i++)
            {
                dot += (double)expected[i] * quantized[name][i];
                a += (double)expected[i] * expected[i];
                b += (double)quantized[name][i] * quantized[name][i];
            }

            Assert.True(dot / Math.Sqrt(a * b) > 0.98 && Math.Sqrt(b / a) is > 0.9 and < 1.1,
                FormattableString.Invariant($"{name}: cosine {dot / Math.Sqrt(a * b):F4}, length ratio {Math.Sqrt(b / a):F4}"));
        }
    }

    private static Dictionary<string, float[]> Gradients(BertForSequenceClassification model, TokenBatch batch)
    {
        model.zero_grad();
        (model.Run(batch) * tensor(new[] { 1f, -2f, 0.5f })).sum().backward();
        return model.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad!.data<float>().ToArray());
    }
}

using System.Diagnostics;
using QatKit.Quantization.Native;
using TorchSharp;

namespace QatKit.Benchmarks.Training;

/// <summary>The same comparison in a minute: both steps in turn, so that a busy machine slows both, and medians.</summary>
internal static class QatStepQuick
{
    internal static void Run(TextWriter output, int rounds = 31)
    {
        TorchNativeLibrary.Register();
        torch.set_num_threads(2);
        foreach (var (layers, hidden) in new[] { (2, 128), (4, 256) })
        {
            using TrainingStep plain = new(layers, hidden, quantized: false), quantized = new(layers, hidden, quantized: true);
            List<double> plainTimes = [], quantizedTimes = [], ratios = [];
            for (var i = 0; i < rounds + 2; i++)
            {
                double a = Milliseconds(plain), b = Milliseconds(quantized);
                if (i < 2) continue; // warm-up
                plainTimes.Add(a);
                quantizedTimes.Add(b);
                ratios.Add(b / a);
            }

            output.WriteLine(FormattableString.Invariant(
                $"L{layers} H{hidden}, 64 x 24..32 tokens: float32 {Median(plainTimes):F1} ms, fake-quant {Median(quantizedTimes):F1} ms, median ratio {Median(ratios):F2}"));
        }
    }

    private static double Milliseconds(TrainingStep step)
    {
        var start = Stopwatch.GetTimestamp();
        step.Run();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}

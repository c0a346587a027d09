using System.Globalization;
using QatKit.Benchmarks.Kernels;
using QatKit.Comparison.Measuring;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;
using QatKit.InferenceEngine.Cpu;

namespace QatKit.Benchmarks.Tables;

/// <summary>Rate of every BERT matrix product, dense and 2:4, as a share of what the processor can multiply, in one run.</summary>
internal static class GemmTable
{
    private const int Rounds = 21;

    public static void Run(TextWriter output, int threads, CpuTier tier)
    {
        var instruction = PeakRate.InstructionOf(tier.ToString()) ?? throw new InvalidOperationException($"The tier {tier} has no peak rate.");
        using WorkerTeam alone = new(1), team = new(threads);
        output.WriteLine($"{MachineHeader.Of(TimeProvider.System)}. Kernels: {tier}.\n");

        // One shape at a time: its four contenders take turns, and the peak is measured beside them.
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| M x N x K | peak, 1 thread | dense | of peak | 2:4 | gain | peak, {threads} threads | dense | of peak | scaling | 2:4 | gain |"));
        output.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var shape in GemmShapes.All)
        {
            LinearWorkload Workload(bool sparse, WorkerTeam threads) => new(shape, KernelChoice.Of(tier), sparse, threads);
            LinearWorkload[] workloads = [Workload(false, alone), Workload(true, alone), Workload(false, team), Workload(true, team)];
            var timings = AlternatingTimer.Measure([.. workloads.Select<LinearWorkload, Action>(w => w.Run)], Rounds, CancellationToken.None);
            var rates = workloads.Zip(timings, (w, t) => w.Operations / t.MedianMilliseconds / 1e6).ToArray();
            double Peak(int n) => PeakRate.Measure(instruction, n, TimeSpan.FromMilliseconds(100)).GigaOperationsPerSecond;
            double one = Peak(1), many = Peak(threads);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {shape.Replace("x", " x ", StringComparison.Ordinal)} | {one:F0} | {rates[0]:F0} | {rates[0] / one:P0} | {rates[1]:F0} | {rates[1] / rates[0]:F2} | {many:F0} | {rates[2]:F0} | {rates[2] / many:P0} | {rates[2] / rates[0]:F2} | {rates[3]:F0} | {rates[3] / rates[2]:F2} |"));
        }
    }
}

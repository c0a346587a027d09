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
        output.WriteLine("Giga-operations per second. The peak, as many multiplications and additions without memory, takes its turn with the kernels; on several threads it is");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"the better of one thread and all, and \"-\" stands where one thread needs less than {PeakBound.LeastMilliseconds} ms: handing work over is then most of what is measured.\n"));

        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| M x N x K | peak, 1 thread | dense | of peak | 2:4 | gain | peak, {threads} threads | dense | of peak | scaling | 2:4 | gain |"));
        output.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var shape in GemmShapes.All)
        {
            LinearWorkload Workload(bool sparse, WorkerTeam threads) => new(shape, KernelChoice.Of(tier), sparse, threads);
            LinearWorkload[] workloads = [Workload(false, alone), Workload(true, alone), Workload(false, team), Workload(true, team)];
            using var peaks = new PeakContenders(instruction, workloads[0].Operations, [threads]);
            var timings = AlternatingTimer.Measure([.. workloads.Select<LinearWorkload, Action>(w => w.Run), .. peaks.Loads.Select<PeakLoad, Action>(l => l.Run)], Rounds, CancellationToken.None);
            var rates = workloads.Zip(timings, (w, t) => w.Operations / t.MedianMilliseconds / 1e6).ToArray();
            output.WriteLine(Row(shape, threads, rates, peaks.Bound(timings.TakeLast(peaks.Loads.Count))));
        }
    }

    /// <summary>A line of the table.</summary>
    /// <param name="shape">MxNxK.</param>
    /// <param name="threads">Of the last two rates.</param>
    /// <param name="rates">Giga-operations per second: dense and 2:4 on one thread, dense and 2:4 on all.</param>
    /// <param name="peak">What the processor did meanwhile.</param>
    internal static string Row(string shape, int threads, double[] rates, PeakBound peak)
    {
        string Share(int count, double rate) => peak.Share(count, rate)?.ToString("P0", CultureInfo.InvariantCulture) ?? "-";
        return string.Create(CultureInfo.InvariantCulture,
            $"| {shape.Replace("x", " x ", StringComparison.Ordinal)} | {peak.Rate(1):F0} | {rates[0]:F0} | {Share(1, rates[0])} | {rates[1]:F0} | {rates[1] / rates[0]:F2} | {peak.Rate(threads):F0} | {rates[2]:F0} | {Share(threads, rates[2])} | {rates[2] / rates[0]:F2} | {rates[3]:F0} | {rates[3] / rates[2]:F2} |");
    }
}

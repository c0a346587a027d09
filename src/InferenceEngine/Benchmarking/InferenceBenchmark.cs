using System.Diagnostics;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cuda.Backend;
using QatKit.InferenceEngine.Cuda.Driver;

namespace QatKit.InferenceEngine.Benchmarking;

/// <summary>Measures the latency of synthetic models of any shape.</summary>
/// <remarks>Weights and tokens are random and use the whole range of their codes; the time does not depend on them.</remarks>
public static class InferenceBenchmark
{
    private const int KernelRepetitions = 21;

    /// <summary>Builds the model, warms up and measures.</summary>
    /// <exception cref="QatKitException">QK5053 shape, QK5054 counts, or an option that cannot be met here (QK5050 to QK5052, QK6xxx).</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two calls.</exception>
    public static BenchmarkResult Run(BenchmarkOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Check(options);
        return Run(options, graph => InferenceSession.Create(graph, options.Session), cancellationToken);
    }

    /// <summary>Measures a session of any making: how tests run a device that is not there.</summary>
    internal static BenchmarkResult Run(BenchmarkOptions options, Func<QuantizedGraph, InferenceSession> create, CancellationToken cancellationToken)
    {
        var architecture = ModelShape.Parse(options.Shape, Math.Max(512, options.SequenceLength));
        var graph = SyntheticGraph.Create(architecture, options.Seed, options.Sparse24);
        var batch = SyntheticGraph.CreateBatch(architecture, [.. Enumerable.Repeat(options.SequenceLength, options.Batch)], options.Seed);
        var start = Stopwatch.GetTimestamp();
        using var session = create(graph);
        return Measure(options, session, batch, Stopwatch.GetElapsedTime(start).TotalMilliseconds, cancellationToken);
    }

    /// <summary>Measures a session that is there already: a program that measures many batches loads its model once.</summary>
    internal static BenchmarkResult Measure(BenchmarkOptions options, InferenceSession session, TokenBatch batch, double load, CancellationToken cancellationToken)
    {
        for (var i = 0; i < options.Warmup; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            session.Run(batch);
        }

        var times = new double[options.Iterations];
        for (var i = 0; i < times.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var start = Stopwatch.GetTimestamp();
            session.Run(batch);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        var p50 = NearestRank.Percentile(times, 50);
        var operations = ModelShape.Operations(session.Architecture, options.Batch, options.SequenceLength);
        return new BenchmarkResult(options, session.Description, session.Tier, load, p50, NearestRank.Percentile(times, 95), NearestRank.Percentile(times, 99),
            operations, operations / (p50 * 1e6), batch.TokenCount / (p50 / 1000))
        {
            Backend = session.Backend,
            Device = session.Engine is CudaBackend cuda ? Device(cuda.Time(batch, options.Replays, options.Kernels ? KernelRepetitions : 0, cancellationToken), operations) : null,
        };
    }

    private static DeviceTiming Device(PassTimes times, double operations)
    {
        var sorted = times.Replays.Order().ToArray();
        var p50 = NearestRank.Percentile(sorted, 50);
        return new DeviceTiming(times.Device.ToString(), CudaErrors.VersionText(times.DriverVersion), sorted.Length,
            p50, NearestRank.Percentile(sorted, 95), NearestRank.Percentile(sorted, 99), operations / (p50 * 1e9), times.Passes,
            [.. times.Plan.Gemms.Select(g => g.ToString()), times.Plan.Attention.ToString()],
            [.. times.Launches.Select((milliseconds, i) => Kernel(times.Plan.Steps[i], milliseconds))]);
    }

    private static KernelTiming Kernel(ForwardStep step, double milliseconds)
    {
        var launch = step.Launch;
        return new KernelTiming(launch.Function.Name, step.Choice, launch.Shapes, launch.Grid.Count, (int)launch.Block.Count, launch.SharedBytes,
            launch.Function.Registers, milliseconds * 1000, step.Operations == 0 ? 0 : step.Operations / (milliseconds * 1e9));
    }

    private static void Check(BenchmarkOptions options)
    {
        var problems = new DiagnosticBag();
        void AtLeast(string name, int value, int least)
        {
            if (value < least) problems.Add("QK5054", name, $"{value} is too small; at least {least} is needed.");
        }

        AtLeast("batch", options.Batch, 1);
        AtLeast("sequence length", options.SequenceLength, 1);
        AtLeast("warmup", options.Warmup, 0);
        AtLeast("iterations", options.Iterations, 1);
        AtLeast("replays", options.Replays, 1);
        problems.ThrowIfAny();
    }
}

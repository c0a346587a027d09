using System.Diagnostics;
using System.Globalization;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.GpuCheck.Timing;

/// <summary>What to time.</summary>
/// <param name="Shapes">Models.</param>
/// <param name="Formats">False: dense, true: 2:4.</param>
/// <param name="Batches">Sequences per call.</param>
/// <param name="Lengths">Tokens of a sequence.</param>
/// <param name="Kernels">Also time each kernel by itself.</param>
/// <param name="Replays">Replays to aim at.</param>
/// <param name="CellSeconds">Time for the replays of one configuration: large ones get fewer replays, at least 50.</param>
/// <param name="Limit">No configuration starts after this time.</param>
internal sealed record TimingOptions(
    IReadOnlyList<string> Shapes, IReadOnlyList<bool> Formats, IReadOnlyList<int> Batches, IReadOnlyList<int> Lengths,
    bool Kernels, int Replays, double CellSeconds, TimeSpan Limit);

/// <summary>Times the CUDA backend over shapes, formats, batches and lengths, on random data.</summary>
internal static class TimingTable
{
    private const int LeastReplays = 50;
    private const int LeastCalls = 20;
    private const int Warmup = 3;
    private const int Seed = 1;
    private const string NoTime = ": no time was left";

    /// <summary>Runs the table.</summary>
    /// <param name="options">What.</param>
    /// <param name="create">Makes a session on the device.</param>
    /// <param name="progress">One line for each configuration.</param>
    /// <param name="keep">Receives what there is after each configuration: a run that is stopped keeps it.</param>
    public static TimingReport Run(TimingOptions options, Func<QuantizedGraph, InferenceSession> create, TextWriter progress, Action<TimingReport> keep)
    {
        var start = Stopwatch.GetTimestamp();
        var before = NvidiaSmi.Read();
        var cells = new List<TimingCell>();
        var missing = new List<string>();
        TimingReport Report(string after) => cells.FirstOrDefault()?.Result.Device is { } device
            ? new(device.Device, device.DriverVersion, before, after, [.. cells], [.. missing])
            : new("", "", before, after, [], [.. missing]);
        foreach (var shape in options.Shapes)
        {
            foreach (var sparse in options.Formats)
            {
                var cellsOfModel = (from length in options.Lengths from batch in options.Batches select (Batch: batch, Length: length)).ToArray();
                string Name((int Batch, int Length) cell) => $"{shape} {(sparse ? "2:4" : "dense")} b{cell.Batch} s{cell.Length}";
                bool Late() => Stopwatch.GetElapsedTime(start) > options.Limit;
                if (Late())
                {
                    missing.AddRange(cellsOfModel.Select(cell => Name(cell) + NoTime));
                    continue;
                }

                var graph = SyntheticGraph.Create(ModelShape.Parse(shape, options.Lengths.Max()), Seed, sparse);
                var loading = Stopwatch.GetTimestamp();
                using var session = create(graph);
                var load = Stopwatch.GetElapsedTime(loading).TotalMilliseconds;
                foreach (var cell in cellsOfModel)
                {
                    if (Late())
                    {
                        missing.Add(Name(cell) + NoTime);
                        continue;
                    }

                    try
                    {
                        cells.Add(Measure(options, shape, sparse, cell.Batch, cell.Length, session, load));
                        progress.WriteLine($"{Name(cell)}: {Line(cells[^1])}");
                        keep(Report(cells[^1].Clocks));
                    }
                    catch (QatKitException e)
                    {
                        missing.Add($"{Name(cell)}: {e.Message}");
                        progress.WriteLine(missing[^1]);
                    }
                }
            }
        }

        return Report(NvidiaSmi.Read());
    }

    private static TimingCell Measure(TimingOptions options, string shape, bool sparse, int batch, int length, InferenceSession session, double load)
    {
        var tokens = SyntheticGraph.CreateBatch(session.Architecture, [.. Enumerable.Repeat(length, batch)], Seed);
        for (var i = 0; i < Warmup; i++) session.Run(tokens);
        var start = Stopwatch.GetTimestamp();
        session.Run(tokens);
        var perSecond = 1 / Stopwatch.GetElapsedTime(start).TotalSeconds;
        var result = InferenceBenchmark.Measure(new BenchmarkOptions
        {
            Shape = shape,
            Batch = batch,
            SequenceLength = length,
            Sparse24 = sparse,
            Warmup = Warmup,
            Iterations = Counted(options.CellSeconds * perSecond / 4, LeastCalls, options.Replays),
            Replays = Counted(options.CellSeconds * perSecond, LeastReplays, options.Replays),
            Kernels = options.Kernels,
            Seed = Seed,
            Session = new SessionOptions { Backend = EngineBackend.Cuda },
        }, session, tokens, load, CancellationToken.None);
        var peak = DevicePeak.For(result.Device!.Device);
        return new TimingCell(result, peak is null ? null : Roofline.Milliseconds(session.Architecture, batch, length, sparse, peak), NvidiaSmi.Read());
    }

    private static int Counted(double fitting, int least, int most) => (int)Math.Clamp(fitting, Math.Min(least, most), most);

    private static string Line(TimingCell cell)
    {
        var device = cell.Result.Device!;
        return string.Create(CultureInfo.InvariantCulture,
            $"{device.P50Milliseconds:F3} ms (p95 {device.P95Milliseconds:F3}, p99 {device.P99Milliseconds:F3}, {device.Replays} replays), with copies {cell.Result.P50Milliseconds:F3} ms, {device.TeraOperationsPerSecond:F0} TOPS, {cell.PercentOfFloor:F1} % of the floor");
    }
}

using System.Diagnostics;
using System.Globalization;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.Testing;
using QatKit.Testing.Traces;

namespace QatKit.GpuCheck.Soak;

/// <summary>Runs sentences through two implementations of the same model and compares the bits.</summary>
/// <remarks>The CPU backend is the expected side: its own tests prove it equal to the reference, which would take days here.</remarks>
internal static class SoakRun
{
    private const int Seed = 1;

    // Every so many batches all intermediate tensors are compared too; a traced batch must fit one pass on the device.
    private const int TraceEvery = 40;
    private const int MaxTracedTokens = 4096;
    private const int MaxDivergences = 10;

    /// <summary>Compares CUDA with the CPU over all models.</summary>
    /// <param name="all">The models.</param>
    /// <param name="sentences">Sentences in all.</param>
    /// <param name="limit">No batch starts after this time.</param>
    /// <param name="actual">Makes what is compared with the CPU.</param>
    /// <param name="progress">One line for each model.</param>
    /// <param name="keep">Receives what there is after each model: a run that is stopped keeps it.</param>
    public static SoakReport Run(IReadOnlyList<SoakModel> all, int sentences, TimeSpan limit, Func<QuantizedGraph, Implementation> actual, TextWriter progress, Action<SoakReport> keep)
    {
        var start = Stopwatch.GetTimestamp();
        var models = new List<SoakModelReport>();
        var timeWasOver = false;
        bool TimeIsOver() => timeWasOver = Stopwatch.GetElapsedTime(start) > limit;
        SoakReport Report() => new(sentences, [.. models], Stopwatch.GetElapsedTime(start).TotalSeconds) { TimeWasOver = timeWasOver };
        foreach (var (model, share) in Shares(all, sentences))
        {
            if (TimeIsOver()) break;
            var architecture = ModelShape.Parse(model.Shape, SoakModel.MaxPositions);
            var graph = SyntheticGraph.Create(architecture, Seed, model.Sparse24);
            using var cpu = EngineImplementations.Create(graph, new SessionOptions());
            using var device = actual(graph);
            var report = Compare(model.ToString(), cpu, device, SoakBatches.Create(architecture, share, Seed), TimeIsOver);
            models.Add(report);
            progress.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{report.Model}: {report.Sentences} of {share} sentences, {report.Tokens} tokens, {report.Numbers} numbers, {report.Different} sentences differ; {report.Expected} {report.ExpectedSeconds:F1} s, {report.Actual} {report.ActualSeconds:F1} s"));
            foreach (var divergence in report.Divergences) progress.WriteLine("  " + divergence);
            keep(Report());
            // The other models would only repeat it.
            if (report.Divergences.Any(CudaErrors.IsDeviceFault)) break;
        }

        return Report();
    }

    /// <summary>Compares two implementations over batches.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="expected">The specification.</param>
    /// <param name="actual">What is compared with it.</param>
    /// <param name="batches">Batches.</param>
    /// <param name="stop">Asked before each batch.</param>
    public static SoakModelReport Compare(string model, Implementation expected, Implementation actual, IEnumerable<TokenBatch> batches, Func<bool> stop)
    {
        int count = 0, sentences = 0, different = 0;
        long tokens = 0, numbers = 0;
        var divergences = new List<string>();
        double expectedSeconds = 0, actualSeconds = 0;
        foreach (var batch in batches)
        {
            if (stop()) break;
            var want = Timed(() => expected.Run(batch), ref expectedSeconds);
            try
            {
                var got = Timed(() => actual.Run(batch), ref actualSeconds);
                var rows = DifferentRows(want, got, batch.Count);
                different += rows;
                numbers += want.Length;
                // A difference is looked for where it began; after the first few it is only counted.
                var wantsTrace = rows > 0 ? divergences.Count < MaxDivergences : count % TraceEvery == 0;
                if (wantsTrace && Explain(expected, actual, batch, want, got, ref numbers) is { } divergence)
                    divergences.Add($"{model}, batch {count} of {Describe(batch)}: {divergence}");
            }
            catch (QatKitException e)
            {
                // A device that reported an error answers nothing more.
                divergences.Add($"{model}, batch {count} of {Describe(batch)}: {e.Message}");
                break;
            }

            count++;
            sentences += batch.Count;
            tokens += batch.TokenCount;
        }

        return new SoakModelReport(model, expected.Name, actual.Name, count, sentences, tokens, numbers, different, divergences, expectedSeconds, actualSeconds);
    }

    // By running sums, so that the shares of any number add up to it.
    private static IEnumerable<(SoakModel Model, int Sentences)> Shares(IReadOnlyList<SoakModel> models, int sentences)
    {
        long given = 0, parts = 0, whole = models.Sum(m => m.Share);
        foreach (var model in models)
        {
            parts += model.Share;
            var until = parts * sentences / whole;
            if (until > given) yield return (model, (int)(until - given));
            given = until;
        }
    }

    private static string? Explain(Implementation expected, Implementation actual, TokenBatch batch, float[] want, float[] got, ref long numbers)
    {
        if (batch.TokenCount <= MaxTracedTokens)
        {
            var traced = TraceComparer.FirstDivergence(expected.RunTraced(batch), actual.RunTraced(batch), out var compared, requireTrace: true);
            numbers += compared;
            if (traced is not null) return traced.ToString();
        }

        // Without a trace the pass runs as a graph: what differs only there is named by its logits.
        return TraceComparer.FirstDivergence(want, got, batch.Count)?.ToString();
    }

    private static int DifferentRows(float[] want, float[] got, int rows)
    {
        if (want.Length != got.Length) return rows;
        var classes = want.Length / rows;
        return Enumerable.Range(0, rows).Count(r => Enumerable.Range(r * classes, classes)
            .Any(i => BitConverter.SingleToInt32Bits(want[i]) != BitConverter.SingleToInt32Bits(got[i])));
    }

    private static string Describe(TokenBatch batch) =>
        $"{batch.Count} sentences [{string.Join(", ", Enumerable.Range(0, Math.Min(batch.Count, 8)).Select(batch.LengthOf))}{(batch.Count > 8 ? ", ..." : "")}]";

    private static float[] Timed(Func<float[]> run, ref double seconds)
    {
        var start = Stopwatch.GetTimestamp();
        var result = run();
        seconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
        return result;
    }
}

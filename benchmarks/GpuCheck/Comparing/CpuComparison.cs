using System.Globalization;
using QatKit.Comparison;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.GpuCheck.Comparing;

/// <summary>Measures the engines on one shape after the other, until the time is used up.</summary>
internal static class CpuComparison
{
    /// <summary>What measures all of this, for the heads of the pages.</summary>
    public const string Command = "gpu-check.sh run RESULTS --stages cpu-comparison";

    private const int Seed = 1;

    /// <summary>Why there is nothing to measure here, or null.</summary>
    /// <param name="hasAvx2">Whether the processor can run the kernels that are measured.</param>
    /// <param name="version">Loads ONNX Runtime.</param>
    public static string? Missing(bool hasAvx2, Func<string> version)
    {
        if (!hasAvx2) return "this processor has no AVX2: only the scalar reference would be measured";
        try
        {
            version();
            return null;
        }
        catch (Exception e) when (e.GetBaseException() is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            return $"ONNX Runtime cannot be loaded: {e.GetBaseException().Message.ReplaceLineEndings(" ")}";
        }
    }

    /// <summary>Compares shapes in their order, each with random 2:4 weights, by the dense and by the 2:4 kernels.</summary>
    /// <param name="shapes">What to measure on.</param>
    /// <param name="threads">Threads of both engines.</param>
    /// <param name="rounds">Samples of each contender.</param>
    /// <param name="compare">Compares; throws <see cref="OperationCanceledException"/> when its token says so.</param>
    /// <param name="keep">Receives each result as soon as it is there, and all until then: a run that is stopped keeps them.</param>
    /// <param name="timeUp">Set when the time is used up. The shape at hand is given up then: half a comparison says nothing.</param>
    /// <param name="progress">One line for each ratio.</param>
    public static CpuComparisonReport Run(
        IReadOnlyList<ComparedShape> shapes, int threads, int rounds, Func<ComparisonOptions, CancellationToken, ComparisonResult> compare,
        Action<ComparedShape, CpuComparisonReport> keep, TextWriter progress, CancellationToken timeUp)
    {
        var results = new List<ComparisonResult>();
        var missing = new List<string>();
        CpuComparisonReport Report() => new([.. results], [.. missing]);
        foreach (var shape in shapes)
        {
            try
            {
                timeUp.ThrowIfCancellationRequested();
                results.Add(compare(Options(shape, threads, rounds), timeUp));
                foreach (var r in results[^1].Ratios) progress.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{shape}: {r.Faster} : {r.Slower}, {r.Rows}: {r.Ratio:F2}"));
                keep(shape, Report());
            }
            catch (OperationCanceledException) when (timeUp.IsCancellationRequested)
            {
                missing.Add($"{shape}: no time was left");
            }
            catch (QatKitException e)
            {
                missing.Add($"{shape}: {e.Message}");
            }
        }

        return Report();
    }

    private static ComparisonOptions Options(ComparedShape shape, int threads, int rounds) => new()
    {
        Model = $"{shape.Model} with random 2:4 weights",
        Graph = SyntheticGraph.Create(ModelShape.Parse(shape.Model, shape.Length), Seed, sparse24: true),
        Batch = shape.Batch,
        SequenceLength = shape.Length,
        Threads = threads,
        Rounds = rounds,
        Seed = Seed,
    };
}

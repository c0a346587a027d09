using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.Comparison.Measuring;

/// <summary>Latencies of one contender over all rounds.</summary>
/// <param name="P10Milliseconds">10th percentile.</param>
/// <param name="MedianMilliseconds">Median.</param>
/// <param name="P90Milliseconds">90th percentile.</param>
/// <param name="Rounds">Samples.</param>
public sealed record Timing(double P10Milliseconds, double MedianMilliseconds, double P90Milliseconds, int Rounds)
{
    /// <summary>Nearest-rank percentiles of samples in any order.</summary>
    internal static Timing Of(IReadOnlyList<double> samples)
    {
        double[] sorted = [.. samples.Order()];
        return new Timing(NearestRank.Percentile(sorted, 10), NearestRank.Percentile(sorted, 50), NearestRank.Percentile(sorted, 90), sorted.Length);
    }
}

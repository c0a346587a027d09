namespace QatKit.InferenceEngine.Benchmarking;

/// <summary>Percentiles that are samples themselves.</summary>
public static class NearestRank
{
    /// <summary>The smallest sample that at least <paramref name="percent"/> % of them do not exceed.</summary>
    /// <param name="sorted">Samples in rising order, at least one.</param>
    /// <param name="percent">0 to 100; 0 is the smallest sample.</param>
    public static double Percentile(ReadOnlySpan<double> sorted, int percent) =>
        sorted[Math.Max(0, (int)Math.Ceiling(percent / 100.0 * sorted.Length) - 1)];
}

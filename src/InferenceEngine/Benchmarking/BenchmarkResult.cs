namespace QatKit.InferenceEngine.Benchmarking;

/// <summary>Latency and throughput of one configuration. The times of a call have everything that a caller waits for: on CUDA the
/// copies of ids and logits too.</summary>
/// <param name="Options">What was measured.</param>
/// <param name="Description">Which backend and tier ran, and why.</param>
/// <param name="Tier">Kernel tier.</param>
/// <param name="LoadMilliseconds">Checking and packing a model that is already in memory.</param>
/// <param name="P50Milliseconds">Median latency of a call.</param>
/// <param name="P95Milliseconds">95th percentile (nearest rank).</param>
/// <param name="P99Milliseconds">99th percentile (nearest rank).</param>
/// <param name="OperationsPerCall">Multiplications and additions of a dense model, see <see cref="ModelShape.Operations"/>.</param>
/// <param name="GigaOperationsPerSecond">Dense-equivalent: <c>OperationsPerCall / P50</c>. Counts what is skipped:
/// the zeros of a 2:4 model, and in the last layer the tokens that the classifier does not read.</param>
/// <param name="TokensPerSecond"><c>batch · sequence length / P50</c>.</param>
public sealed record BenchmarkResult(
    BenchmarkOptions Options, string Description, string Tier, double LoadMilliseconds,
    double P50Milliseconds, double P95Milliseconds, double P99Milliseconds,
    double OperationsPerCall, double GigaOperationsPerSecond, double TokensPerSecond)
{
    /// <summary>Name of the backend: <c>cpu</c> or <c>cuda</c>.</summary>
    public required string Backend { get; init; }

    /// <summary>The device's part of the time, without copies and host; null on the CPU.</summary>
    public DeviceTiming? Device { get; init; }
}

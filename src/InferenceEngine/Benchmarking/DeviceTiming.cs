namespace QatKit.InferenceEngine.Benchmarking;

/// <summary>What a CUDA device needs for a batch whose inputs are there already: graph replays between events, without copies and
/// without the host.</summary>
/// <param name="Device">Name and sizes of the device.</param>
/// <param name="DriverVersion">CUDA version that the driver supports, for example <c>12.4</c>.</param>
/// <param name="Replays">Measured replays.</param>
/// <param name="P50Milliseconds">Median of the replays.</param>
/// <param name="P95Milliseconds">95th percentile (nearest rank).</param>
/// <param name="P99Milliseconds">99th percentile (nearest rank).</param>
/// <param name="TeraOperationsPerSecond">Dense-equivalent: <see cref="BenchmarkResult.OperationsPerCall"/> / median.</param>
/// <param name="Passes">Passes that the batch runs in; the time of a replay is the sum over them.</param>
/// <param name="Plans">The plan of each product and of the attention, one line each, of the first pass.</param>
/// <param name="Kernels">Every launch of the first pass, in order, when it was asked for.</param>
public sealed record DeviceTiming(
    string Device, string DriverVersion, int Replays, double P50Milliseconds, double P95Milliseconds, double P99Milliseconds,
    double TeraOperationsPerSecond, int Passes, IReadOnlyList<string> Plans, IReadOnlyList<KernelTiming> Kernels);

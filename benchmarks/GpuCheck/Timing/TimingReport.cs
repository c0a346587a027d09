using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.GpuCheck.Timing;

/// <summary>The table of times.</summary>
/// <param name="Device">The device.</param>
/// <param name="DriverVersion">CUDA version of the driver.</param>
/// <param name="ClocksBefore">What nvidia-smi said before, see <see cref="NvidiaSmi.Read"/>.</param>
/// <param name="ClocksAfter">What it said after.</param>
/// <param name="Cells">One entry for each configuration that was measured.</param>
/// <param name="NotMeasured">Configurations for which no time was left, or that failed, with the reason.</param>
internal sealed record TimingReport(
    string Device, string DriverVersion, string ClocksBefore, string ClocksAfter, IReadOnlyList<TimingCell> Cells, IReadOnlyList<string> NotMeasured);

/// <summary>One configuration.</summary>
/// <param name="Result">Times with and without copies, plans, kernels.</param>
/// <param name="FloorMilliseconds">See <see cref="Roofline"/>; null for devices without known rates.</param>
/// <param name="Clocks">What nvidia-smi said right after the replays.</param>
internal sealed record TimingCell(BenchmarkResult Result, double? FloorMilliseconds, string Clocks)
{
    /// <summary>Floor / median of the replays without copies, in percent.</summary>
    public double? PercentOfFloor => 100 * FloorMilliseconds / Result.Device!.P50Milliseconds;
}

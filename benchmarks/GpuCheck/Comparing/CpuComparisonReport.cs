using QatKit.Comparison;

namespace QatKit.GpuCheck.Comparing;

/// <summary>QatKit's CPU engine beside ONNX Runtime on the host's processor.</summary>
/// <param name="Results">One for each shape that was measured.</param>
/// <param name="NotMeasured">The other shapes, with the reason.</param>
internal sealed record CpuComparisonReport(IReadOnlyList<ComparisonResult> Results, IReadOnlyList<string> NotMeasured);

namespace QatKit.GpuCheck.Reporting;

/// <summary>Whether TorchSharp's native library runs on the libtorch of this machine, step by step; the first step that fails is the last.</summary>
internal sealed record HostTorchReport(IReadOnlyList<HostTorchStep> Steps);

/// <summary>One step.</summary>
/// <param name="Name">What was tried.</param>
/// <param name="Works">Whether it worked.</param>
/// <param name="Detail">What it gave, or the error.</param>
internal sealed record HostTorchStep(string Name, bool Works, string Detail);

using QatKit.GpuCheck.Timing;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;
using QatKit.InferenceEngine.Cuda.Compilation;

namespace QatKit.GpuCheck.Reporting;

/// <summary>What this machine offers.</summary>
/// <param name="Machine">Processor, system, runtime, date.</param>
/// <param name="Backends">Every backend tier, available or not, and why.</param>
/// <param name="Compiler">The run-time compiler, or why there is none.</param>
/// <param name="KernelCache">Folder of compiled kernels, and entries in it.</param>
/// <param name="Clocks">See <see cref="NvidiaSmi.Read"/>.</param>
internal sealed record DoctorReport(
    MachineHeader Machine, IReadOnlyList<BackendAvailability> Backends, string Compiler, string KernelCache, string Clocks)
{
    /// <summary>Looks.</summary>
    public static DoctorReport Look(TimeProvider time)
    {
        var compiler = NvrtcCompiler.OpenOrMissing();
        var folder = InferenceEngine.Cuda.Compilation.KernelCache.DefaultFolder;
        return new DoctorReport(
            MachineHeader.Of(time), BackendProbe.Probe(),
            compiler.Version ?? "none; kernels must be in the cache", $"{folder}: {(Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Count() : 0)} entries", NvidiaSmi.Read());
    }

    /// <summary>True when a CUDA device can be used.</summary>
    public bool HasDevice => Backends.Any(b => b.Backend == "cuda" && b.IsAvailable);
}

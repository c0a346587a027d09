using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.Benchmarks.Kernels;

/// <summary>Kernel tiers that this machine can run.</summary>
internal static class KernelChoice
{
    /// <summary>All available tiers.</summary>
    public static IEnumerable<CpuTier> Tiers => BackendProbe.Probe().Where(b => b is { Backend: "cpu", IsAvailable: true }).Select(b => Enum.Parse<CpuTier>(b.Tier));

    /// <summary>All available tiers but the scalar one, which is hundreds of times slower on matrix products.</summary>
    public static IEnumerable<CpuTier> SimdTiers => Tiers.Where(t => t != CpuTier.Scalar);

    /// <summary>The kernels of a tier that this machine can run.</summary>
    public static CpuKernels Of(CpuTier tier) =>
        Tiers.Contains(tier) ? CpuKernels.Of(tier) : throw new NotSupportedException($"The tier {tier} cannot run here; qatkit doctor says why.");
}

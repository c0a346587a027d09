using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Tests;

/// <summary>The kernel sets under test: every tier, and the VNNI tiers on emulations of their instructions.</summary>
public enum KernelSet
{
    Scalar,
    Avx2,
    AvxVnniEmulated,
    AvxVnni,
    Avx512VnniEmulated,
    Avx512Vnni,
}

internal static class KernelSets
{
    public static KernelSet[] All { get; } = Enum.GetValues<KernelSet>();

    /// <summary>The kernels; the test is skipped, with the reason, where the processor lacks them (<see cref="Tiers"/>).</summary>
    public static CpuKernels Require(KernelSet set)
    {
        var tier = set switch
        {
            KernelSet.Scalar => CpuTier.Scalar,
            KernelSet.AvxVnni => CpuTier.AvxVnni,
            KernelSet.Avx512Vnni => CpuTier.Avx512Vnni,
            _ => CpuTier.Avx2,
        };
        Tiers.Require(tier, $"{set}");
        return set switch
        {
            KernelSet.AvxVnniEmulated => new AvxVnniKernels<EmulatedDotU8S8>(),
            KernelSet.Avx512VnniEmulated => new Avx512VnniKernels<EmulatedTileCode>(),
            _ => CpuKernels.Of(tier),
        };
    }

    /// <summary>A session on one kernel set.</summary>
    public static InferenceSession Session(KernelSet set, QuantizedGraph graph, int threads = 1, WeightFormat format = WeightFormat.Auto) =>
        InferenceSession.Wrap(CpuBackend.Create(graph, new CpuSettings(Require(set), threads, format, "test")));
}

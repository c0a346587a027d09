using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine;

/// <summary>What the processor has, beyond what .NET tells.</summary>
public static class ProcessorFeatures
{
    /// <summary>u8 × s8 products in one instruction, 256 or 512 bits wide; true even where they are switched off for .NET.</summary>
    public static bool HasVnni => Leaf7(subleaf: 0).Ecx.HasBit(11) || Leaf7(subleaf: 1).Eax.HasBit(4);

    /// <summary>512-bit registers, which this process may use, and <c>vpdpbusd</c> on them.</summary>
    internal static bool HasAvx512Vnni => Avx512BW.IsSupported && Avx512BW.VL.IsSupported && Leaf7(subleaf: 0).Ecx.HasBit(11);

    // CPUID, leaf 7: structured extended features.
    private static (int Eax, int Ecx) Leaf7(int subleaf)
    {
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < 7) return default;
        if (subleaf > X86Base.CpuId(7, 0).Eax) return default;
        var (eax, _, ecx, _) = X86Base.CpuId(7, subleaf);
        return (eax, ecx);
    }

    private static bool HasBit(this int value, int bit) => (value >> bit & 1) == 1;
}

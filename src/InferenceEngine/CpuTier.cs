namespace QatKit.InferenceEngine;

/// <summary>Instruction tier of the CPU kernels. Every tier gives the same bits; they differ in speed only.</summary>
public enum CpuTier
{
    /// <summary>The fastest tier that this processor has.</summary>
    Auto,

    /// <summary>Plain C#: the kernels that every other tier is compared with.</summary>
    Scalar,

    /// <summary>AVX2 and FMA: int8 codes widened to int16 and multiplied with <c>vpmaddwd</c>.</summary>
    Avx2,

    /// <summary>AVX-VNNI: <c>vpdpbusd</c> on 256-bit registers.</summary>
    AvxVnni,

    /// <summary>AVX-512 VNNI: <c>vpdpbusd</c> on 512-bit registers, in machine code that the engine writes itself (64-bit processes on Linux and Windows).</summary>
    Avx512Vnni,
}

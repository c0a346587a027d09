using System.Runtime.Intrinsics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>What the 2:4 tiles of two tiers differ in.</summary>
internal unsafe interface ISparse24Operation : ITileOperation
{
    /// <summary>Bytes of a packed row per code.</summary>
    static abstract int RowCodeBytes { get; }

    /// <summary>Repeats a row's packed 8 codes so that every 128-bit lane holds them.</summary>
    static abstract Vector256<byte> Repeat(byte* a);
}

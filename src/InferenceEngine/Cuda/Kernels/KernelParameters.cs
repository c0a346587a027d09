using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QatKit.InferenceEngine.Cuda.Kernels;

/// <summary>Twin of <c>GemmParams</c> in common/params.cuh, where every field is explained. Pointers are device addresses.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GemmParameters
{
    public ulong X;
    public ulong RowIndex;
    public ulong Weight;
    public ulong Multiplier;
    public ulong Bias;
    public ulong Inverse;
    public ulong Residual;
    public ulong Y;
    public ulong Partial;
    public ulong Arrivals;
    public int Tokens;
    public int Features;
    public int Depth;
    public int XPitch;
    public int YPitch;
    public int ResidualPitch;
}

/// <summary>Twin of <c>GemmSm90Params</c> in gemm_s8_sm90.cu, whose alignment of 64 the driver takes from the kernel.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal struct GemmSm90Parameters
{
    /// <summary>A CUtensorMap over the input codes: [T, K] of bytes, box 128 × 128, 128-byte swizzle, zeros outside.</summary>
    public TensorMapBytes Tokens;
    public GemmParameters Gemm;
}

/// <summary>The 128 opaque bytes of a CUtensorMap.</summary>
[InlineArray(16)]
internal struct TensorMapBytes
{
    private ulong _first;
}

/// <summary>Twin of <c>AttentionParams</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AttentionParameters
{
    public ulong Q;
    public ulong K;
    public ulong V;
    public ulong Offsets;
    public ulong Context;
    public float ScoreMultiplier;
    public float ValueScale;
    public float Inverse;
    public int QkvPitch;
    public int ContextPitch;
}

/// <summary>Twin of <c>LayerNormParams</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LayerNormParameters
{
    public ulong R;
    public ulong Gamma;
    public ulong Beta;
    public ulong H;
    public ulong Codes8;
    public ulong Codes16;
    public float Grid;
    public float Epsilon;
    public float Inverse8;
    public float Inverse16;
    public int Pitch;
    public int Codes8Pitch;
    public int Codes16Pitch;
}

/// <summary>Twin of <c>TableParams</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TableParameters
{
    public ulong Values;
    public ulong Codes;
    public ulong RowScale;
}

/// <summary>Twin of <c>EmbeddingParams</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct EmbeddingParameters
{
    public TableParameters Word;
    public TableParameters Position;
    public TableParameters Type;
    public ulong Ids;
    public ulong Types;
    public ulong Positions;
    public LayerNormParameters Norm;
}

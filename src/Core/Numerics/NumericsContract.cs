namespace QatKit.Core.Numerics;

/// <summary>The version and the limits of the arithmetic that every backend obeys (docs/numerics.md).</summary>
/// <remarks>Every reduction is over integers and every float operation is element-wise IEEE float32, so results
/// cannot depend on tiling, thread count, batch size, padding, instruction set or device.</remarks>
public static class NumericsContract
{
    /// <summary>Version of the arithmetic. An artifact of a newer version is refused.</summary>
    public const int Version = 1;

    /// <summary>Largest int8 code; codes are in [-127, 127], the zero-point is 0.</summary>
    public const int Int8Max = 127;

    /// <summary>Largest int16 code (heads and layers excluded from INT8).</summary>
    public const int Int16Max = 32767;

    /// <summary>Largest attention probability code (unsigned 8-bit).</summary>
    public const int ProbabilityMax = 255;

    /// <summary>Largest reduction length K of an int8 GEMM: 127 · 127 · K must fit in int32.</summary>
    public const int MaxInt8Reduction = 133_000;

    /// <summary>Largest hidden size: V = H·S2 − S1² of <see cref="IntegerLayerNorm"/> must fit in int64.</summary>
    public const int MaxHidden = 2048;

    /// <summary>Largest number of positions S: Σ p·v of one context, 255 · 127 · S, must fit in int32.</summary>
    public const int MaxPositions = 65_536;

    /// <summary>Largest |r_fix| of <see cref="IntegerLayerNorm"/>, a 20-bit grid: 2^20 − 1.</summary>
    public const int LayerNormFixedMax = (1 << 20) - 1;

    /// <summary>Largest magnitude of a parameter and of a linear layer's output, whatever its input codes. Sums and products of the
    /// forward pass then stay finite: a NaN or an infinity never arises, so no backend has to agree on one.</summary>
    public const float MaxMagnitude = 1e30f;

    /// <summary>Exponents k of the LayerNorm grid are in [-32, 32].</summary>
    public const int MaxLayerNormExponent = 32;
}

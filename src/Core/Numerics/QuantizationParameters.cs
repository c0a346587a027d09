namespace QatKit.Core.Numerics;

/// <summary>Scale of one symmetric quantizer and its float32 reciprocal.</summary>
/// <remarks>The zero-point is always 0. <c>inv = 1 / scale</c> is part of the contract: <c>x * inv</c> and
/// <c>x / scale</c> are different functions. Valid scales are finite and normal (see <see cref="IsValidScale"/>).</remarks>
public readonly record struct QuantizationParameters
{
    /// <summary>Wraps a scale.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The scale is zero, negative, NaN, infinite or denormal,
    /// or its reciprocal is.</exception>
    public QuantizationParameters(float scale)
    {
        if (!IsValidScale(scale))
            throw new ArgumentOutOfRangeException(nameof(scale), scale, "A scale must be positive, finite and normal, and so must its reciprocal.");
        Scale = scale;
        InverseScale = 1f / scale;
    }

    /// <summary>Real value of one code step.</summary>
    public float Scale { get; }

    /// <summary><c>1 / Scale</c> in float32, by which values are multiplied before rounding.</summary>
    public float InverseScale { get; }

    /// <summary>True for a positive, finite, normal float32 whose reciprocal is normal too.</summary>
    public static bool IsValidScale(float scale) =>
        scale > 0 && float.IsNormal(scale) && float.IsNormal(1f / scale);

    /// <summary><c>scale = amax / maxCode</c> in float32; amax = 0 (a dead channel) gives scale 1, so that all codes are 0.</summary>
    /// <param name="amax">Largest absolute value, finite and not negative.</param>
    /// <param name="maxCode">127 for int8, 32767 for int16.</param>
    /// <exception cref="ArgumentOutOfRangeException">amax is negative, NaN, infinite or so small that the scale is denormal.</exception>
    public static QuantizationParameters FromAmax(float amax, int maxCode = NumericsContract.Int8Max)
    {
        if (!float.IsFinite(amax) || amax < 0)
            throw new ArgumentOutOfRangeException(nameof(amax), amax, "amax must be finite and not negative.");
        return new QuantizationParameters(amax == 0 ? 1f : amax / maxCode);
    }
}

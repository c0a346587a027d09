namespace QatKit.Core.Numerics;

/// <summary>The reference quantizer: <c>clamp(rint(x * inv), -max, max)</c>, ties to even.</summary>
/// <remarks>One float32 multiplication and one rounding per value. The code −128 is never produced. Inputs are finite.</remarks>
public static class AffineQuantizer
{
    /// <summary>Quantizes one value to an int8 code in [-127, 127].</summary>
    public static sbyte Quantize(float x, float inverseScale) =>
        (sbyte)Math.Clamp(MathF.Round(x * inverseScale, MidpointRounding.ToEven), -NumericsContract.Int8Max, NumericsContract.Int8Max);

    /// <summary>Quantizes one value to an int16 code in [-32767, 32767].</summary>
    public static short QuantizeInt16(float x, float inverseScale) =>
        (short)Math.Clamp(MathF.Round(x * inverseScale, MidpointRounding.ToEven), -NumericsContract.Int16Max, NumericsContract.Int16Max);

    /// <summary>Real value of a code: one float32 multiplication.</summary>
    public static float Dequantize(int code, float scale) => code * scale;

    /// <summary>Quantizes <paramref name="source"/> to int8 codes, element by element.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than the source.</exception>
    public static void Quantize(ReadOnlySpan<float> source, float inverseScale, Span<sbyte> destination)
    {
        if (destination.Length < source.Length)
            throw new ArgumentException($"destination has {destination.Length} elements, source {source.Length}.", nameof(destination));
        for (var i = 0; i < source.Length; i++) destination[i] = Quantize(source[i], inverseScale);
    }

    /// <summary>Quantizes <paramref name="source"/> to int16 codes, element by element.</summary>
    /// <exception cref="ArgumentException">The destination is shorter than the source.</exception>
    public static void QuantizeInt16(ReadOnlySpan<float> source, float inverseScale, Span<short> destination)
    {
        if (destination.Length < source.Length)
            throw new ArgumentException($"destination has {destination.Length} elements, source {source.Length}.", nameof(destination));
        for (var i = 0; i < source.Length; i++) destination[i] = QuantizeInt16(source[i], inverseScale);
    }
}

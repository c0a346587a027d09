namespace QatKit.Core.Numerics;

/// <summary>The reference GEMM: exact integer dot products <c>acc[M,N] = X[M,K] · W[N,K]ᵀ</c>, and its epilogue.</summary>
public static class IntegerGemm
{
    /// <summary>Exact dot product of two int8 code vectors of equal length K ≤ 133 000.</summary>
    public static int Dot(ReadOnlySpan<sbyte> x, ReadOnlySpan<sbyte> w)
    {
        var acc = 0;
        for (var k = 0; k < x.Length; k++) acc += x[k] * w[k];
        return acc;
    }

    /// <summary>Exact dot product of two int16 code vectors of equal length.</summary>
    public static long Dot(ReadOnlySpan<short> x, ReadOnlySpan<short> w)
    {
        long acc = 0;
        for (var k = 0; k < x.Length; k++) acc += x[k] * w[k];
        return acc;
    }

    /// <summary>Output multiplier of a row: <c>m[n] = s_x · s_w[n]</c>, one float32 multiplication.</summary>
    public static float Multiplier(float inputScale, float weightScale) => inputScale * weightScale;

    /// <summary><c>y = fma((float)acc, m, bias)</c>.</summary>
    public static float Epilogue(int acc, float multiplier, float bias) => MathF.FusedMultiplyAdd(acc, multiplier, bias);

    /// <summary><c>y = fma((float)acc, m, bias)</c> for an int64 accumulator, converted with one rounding.</summary>
    public static float Epilogue(long acc, float multiplier, float bias) => MathF.FusedMultiplyAdd(acc, multiplier, bias);
}

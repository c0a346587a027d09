namespace QatKit.Core.Numerics;

/// <summary>The transcendental functions of the contract, as fixed sequences of float32 operations.</summary>
/// <remarks>Written only with + − · / fma, comparisons and exponent arithmetic, so that SIMD and CUDA code can mirror
/// them operation by operation. The constants are our own weighted least-maximum fits; the stated bounds are tested
/// over every float32 of the used range.</remarks>
public static class ElementwiseFunctions
{
    // 2^f - 1 = f * (c1 + c2 f + ... + c5 f^4) on [-0.5, 0.5], relative error 9.2e-8.
    /// <summary>Coefficient of f in <see cref="Exp2"/>.</summary>
    public const float Exp2C1 = 0.693147004f;
    /// <summary>Coefficient of f² in <see cref="Exp2"/>.</summary>
    public const float Exp2C2 = 0.240222424f;
    /// <summary>Coefficient of f³ in <see cref="Exp2"/>.</summary>
    public const float Exp2C3 = 0.0555073358f;
    /// <summary>Coefficient of f⁴ in <see cref="Exp2"/>.</summary>
    public const float Exp2C4 = 0.00967151299f;
    /// <summary>Coefficient of f⁵ in <see cref="Exp2"/>.</summary>
    public const float Exp2C5 = 0.00132647238f;
    /// <summary>Smallest argument that <see cref="Exp2"/> distinguishes: below it the result is 2^-126.</summary>
    public const float Exp2Min = -126f;

    /// <summary>|z| from which on <see cref="Erf"/> is exactly ±1.</summary>
    public const float ErfMax = 3.7f;
    /// <summary>2 / ErfMax², mapping z² to [-1, 1] as <c>w = fma(z·z, ErfScale, -1)</c>.</summary>
    public const float ErfScale = 0.146092027f;

    /// <summary>Coefficients of <c>erf(z) / z</c> as a polynomial in w, from the constant term up (13 values).</summary>
    public static ReadOnlySpan<float> ErfCoefficients =>
    [
        0.382137388f, -0.190464675f, 0.140802041f, -0.112739064f, 0.0904580429f, -0.0696242824f, 0.0522765294f,
        -0.0392060801f, 0.0234288387f, -0.00877430756f, 0.00690272823f, -0.00824339781f, 0.00331659149f,
    ];

    /// <summary>√½ rounded to float32.</summary>
    public const float SqrtHalf = 0.707106769f;
    /// <summary>log2(e) rounded to float32.</summary>
    public const float Log2E = 1.44269502f;
    /// <summary>−2·log2(e) rounded to float32.</summary>
    public const float MinusTwoLog2E = -2.88539004f;

    /// <summary>2^t for t in [-126, 0]; smaller t count as −126. Exactly 1 at t = 0. Relative error at most 1.8e-7.</summary>
    public static float Exp2(float t)
    {
        t = MathF.Max(t, Exp2Min);
        var n = MathF.Round(t, MidpointRounding.ToEven);
        var f = t - n; // exact, in [-0.5, 0.5]
        var p = MathF.FusedMultiplyAdd(Exp2C5, f, Exp2C4);
        p = MathF.FusedMultiplyAdd(p, f, Exp2C3);
        p = MathF.FusedMultiplyAdd(p, f, Exp2C2);
        p = MathF.FusedMultiplyAdd(p, f, Exp2C1);
        p = MathF.FusedMultiplyAdd(p, f, 1f);
        // p · 2^n: n in [-126, 0], so the factor is a normal power of two. The product may be denormal only when
        // t is below −125.5; it is rounded once, as IEEE multiplication does everywhere.
        return p * BitConverter.Int32BitsToSingle(((int)n + 127) << 23);
    }

    /// <summary>erf(z). Exactly ±1 for |z| ≥ 3.7. Absolute error at most 1e-6.</summary>
    public static float Erf(float z)
    {
        var a = MathF.Min(MathF.Max(z, -ErfMax), ErfMax);
        var w = MathF.FusedMultiplyAdd(a * a, ErfScale, -1f);
        var c = ErfCoefficients;
        var p = c[12];
        for (var i = 11; i >= 0; i--) p = MathF.FusedMultiplyAdd(p, w, c[i]);
        return MathF.Min(MathF.Max(p * a, -1f), 1f);
    }

    /// <summary>GELU: <c>(0.5·x) · (1 + erf(x·√½))</c>, each product rounded once. Absolute error at most 3e-6.</summary>
    public static float Gelu(float x) => 0.5f * x * (1f + Erf(x * SqrtHalf));

    /// <summary>tanh(x) = sign(x)·(1 − e)/(1 + e) with e = 2^(−2·log2(e)·|x|). Absolute error at most 3e-7.</summary>
    public static float Tanh(float x)
    {
        var e = Exp2(MathF.Abs(x) * MinusTwoLog2E);
        return MathF.CopySign((1f - e) / (1f + e), x);
    }
}

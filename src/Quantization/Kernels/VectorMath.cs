using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;

namespace QatKit.Quantization.Kernels;

/// <summary>Eight lanes of <see cref="ElementwiseFunctions"/>, operation by operation, so that every lane has the scalar's bits.</summary>
internal static class VectorMath
{
    /// <summary>1 / sqrt(2π): the density of the normal distribution at 0.</summary>
    public const float NormalDensity = 0.3989422804f;

    /// <summary>Eight copies of an <see cref="ElementwiseFunctions.Exp2"/>.</summary>
    internal static Vector256<float> Exp2(Vector256<float> t)
    {
        t = Vector256.Max(t, Vector256.Create(ElementwiseFunctions.Exp2Min));
        var n = Vector256.Round(t);
        var f = t - n;
        var p = Vector256.FusedMultiplyAdd(Vector256.Create(ElementwiseFunctions.Exp2C5), f, Vector256.Create(ElementwiseFunctions.Exp2C4));
        p = Vector256.FusedMultiplyAdd(p, f, Vector256.Create(ElementwiseFunctions.Exp2C3));
        p = Vector256.FusedMultiplyAdd(p, f, Vector256.Create(ElementwiseFunctions.Exp2C2));
        p = Vector256.FusedMultiplyAdd(p, f, Vector256.Create(ElementwiseFunctions.Exp2C1));
        p = Vector256.FusedMultiplyAdd(p, f, Vector256<float>.One);
        // The exponent field of 2^n.
        return p * ((Vector256.ConvertToInt32(n) + Vector256.Create(127)) << 23).AsSingle();
    }

    /// <summary>Eight copies of an <see cref="ElementwiseFunctions.Erf"/>.</summary>
    internal static Vector256<float> Erf(Vector256<float> z)
    {
        var (a, w) = ErfArgument(z);
        var c = ElementwiseFunctions.ErfCoefficients;
        var p = Vector256.Create(c[12]);
        for (var i = 11; i >= 0; i--) p = Vector256.FusedMultiplyAdd(p, w, Vector256.Create(c[i]));
        return ErfResult(p, a);
    }

    /// <summary>GELU of eight lanes: <see cref="ElementwiseFunctions.Gelu"/>.</summary>
    internal static Vector256<float> Gelu(Vector256<float> x) => GeluOf(x, Erf(x * Vector256.Create(ElementwiseFunctions.SqrtHalf)));

    /// <summary>The derivative of GELU: Φ(x) + x·φ(x), to float accuracy.</summary>
    internal static Vector256<float> GeluDerivative(Vector256<float> x) => DerivativeOf(x, Erf(x * Vector256.Create(ElementwiseFunctions.SqrtHalf)));

    /// <summary>(erf(x₀·√½), .., erf(x₃·√½)) in place of x: four independent chains hide the latency of the thirteen dependent
    /// multiply-adds of one.</summary>
    internal static void ErfOfGelu(ref Vector256<float> x0, ref Vector256<float> x1, ref Vector256<float> x2, ref Vector256<float> x3)
    {
        var half = Vector256.Create(ElementwiseFunctions.SqrtHalf);
        var (a0, w0) = ErfArgument(x0 * half);
        var (a1, w1) = ErfArgument(x1 * half);
        var (a2, w2) = ErfArgument(x2 * half);
        var (a3, w3) = ErfArgument(x3 * half);
        var c = ElementwiseFunctions.ErfCoefficients;
        Vector256<float> p0 = Vector256.Create(c[12]), p1 = p0, p2 = p0, p3 = p0;
        for (var i = 11; i >= 0; i--)
        {
            var ci = Vector256.Create(c[i]);
            p0 = Vector256.FusedMultiplyAdd(p0, w0, ci);
            p1 = Vector256.FusedMultiplyAdd(p1, w1, ci);
            p2 = Vector256.FusedMultiplyAdd(p2, w2, ci);
            p3 = Vector256.FusedMultiplyAdd(p3, w3, ci);
        }

        (x0, x1, x2, x3) = (ErfResult(p0, a0), ErfResult(p1, a1), ErfResult(p2, a2), ErfResult(p3, a3));
    }

    /// <summary>GELU from x and erf(x·√½).</summary>
    internal static Vector256<float> GeluOf(Vector256<float> x, Vector256<float> erf) =>
        Vector256.Create(0.5f) * x * (Vector256<float>.One + erf);

    /// <summary>GELU's derivative from x and erf(x·√½).</summary>
    internal static Vector256<float> DerivativeOf(Vector256<float> x, Vector256<float> erf)
    {
        // exp(−x²/2) = 2^(−x²·log2(e)/2).
        var density = Vector256.Create(NormalDensity) * Exp2(x * x * Vector256.Create(-0.5f * ElementwiseFunctions.Log2E));
        return Vector256.FusedMultiplyAdd(x, density, Vector256.Create(0.5f) * (Vector256<float>.One + erf));
    }

    /// <summary><c>clamp(rint(x · inv), −max, max)</c>, as <see cref="AffineQuantizer"/> has it.</summary>
    /// <remarks>Adding 0 turns −0 into the 0 that an integer code is.</remarks>
    internal static Vector256<float> Quantize(Vector256<float> x, Vector256<float> inverseScale, Vector256<float> max) =>
        Vector256.Min(Vector256.Max(Vector256.Round(x * inverseScale), -max), max) + Vector256<float>.Zero;

    private static (Vector256<float> A, Vector256<float> W) ErfArgument(Vector256<float> z)
    {
        var limit = Vector256.Create(ElementwiseFunctions.ErfMax);
        var a = Vector256.Min(Vector256.Max(z, -limit), limit);
        return (a, Vector256.FusedMultiplyAdd(a * a, Vector256.Create(ElementwiseFunctions.ErfScale), Vector256.Create(-1f)));
    }

    private static Vector256<float> ErfResult(Vector256<float> p, Vector256<float> a) =>
        Vector256.Min(Vector256.Max(p * a, Vector256.Create(-1f)), Vector256<float>.One);
}

using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;

namespace QatKit.Quantization.Kernels;

/// <summary>Eight lanes of <see cref="ElementwiseFunctions"/>, operation by operation, so that every lane has the scalar's bits.</summary>
internal static class VectorMath
{
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
        var limit = Vector256.Create(ElementwiseFunctions.ErfMax);
        var a = Vector256.Min(Vector256.Max(z, -limit), limit);
        var w = Vector256.FusedMultiplyAdd(a * a, Vector256.Create(ElementwiseFunctions.ErfScale), Vector256.Create(-1f));
        var c = ElementwiseFunctions.ErfCoefficients;
        var p = Vector256.Create(c[12]);
        for (var i = 11; i >= 0; i--) p = Vector256.FusedMultiplyAdd(p, w, Vector256.Create(c[i]));
        return Vector256.Min(Vector256.Max(p * a, Vector256.Create(-1f)), Vector256<float>.One);
    }

    /// <summary>Eight copies of an <see cref="ElementwiseFunctions.Gelu"/>.</summary>
    internal static Vector256<float> Gelu(Vector256<float> x) =>
        Vector256.Create(0.5f) * x * (Vector256<float>.One + Erf(x * Vector256.Create(ElementwiseFunctions.SqrtHalf)));

    /// <summary>The derivative of GELU: Φ(x) + x·φ(x), to float accuracy.</summary>
    internal static Vector256<float> GeluDerivative(Vector256<float> x)
    {
        var cdf = Vector256.Create(0.5f) * (Vector256<float>.One + Erf(x * Vector256.Create(ElementwiseFunctions.SqrtHalf)));
        // exp(−x²/2) = 2^(−x²·log2(e)/2); 0.39894228 = 1/sqrt(2π).
        var density = Vector256.Create(0.3989422804f) * Exp2(x * x * Vector256.Create(-0.5f * ElementwiseFunctions.Log2E));
        return Vector256.FusedMultiplyAdd(x, density, cdf);
    }

    /// <summary><c>clamp(rint(x · inv), −max, max)</c>, as <see cref="AffineQuantizer"/> has it.</summary>
    /// <remarks>Adding 0 turns −0 into the 0 that an integer code is.</remarks>
    internal static Vector256<float> Quantize(Vector256<float> x, Vector256<float> inverseScale, Vector256<float> max) =>
        Vector256.Min(Vector256.Max(Vector256.Round(x * inverseScale), -max), max) + Vector256<float>.Zero;
}

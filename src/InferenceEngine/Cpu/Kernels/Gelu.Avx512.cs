using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

// The next four rows, which wait for nothing here, bring the other steps in flight.
internal static partial class Gelu
{
    /// <summary><c>(0.5·x) · (1 + erf(x·√½))</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Avx512(ref Vector512<float> x0, ref Vector512<float> x1, ref Vector512<float> x2, ref Vector512<float> x3)
    {
        var sqrtHalf = Vector512.Create(ElementwiseFunctions.SqrtHalf);
        Vector512<float> erf0 = x0 * sqrtHalf, erf1 = x1 * sqrtHalf, erf2 = x2 * sqrtHalf, erf3 = x3 * sqrtHalf;
        Erf(ref erf0, ref erf1, ref erf2, ref erf3);
        Vector512<float> half = Vector512.Create(0.5f), one = Vector512.Create(1f);
        x0 = half * x0 * (one + erf0);
        x1 = half * x1 * (one + erf1);
        x2 = half * x2 * (one + erf2);
        x3 = half * x3 * (one + erf3);
    }

    /// <summary><see cref="ElementwiseFunctions.Erf"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Erf(ref Vector512<float> z0, ref Vector512<float> z1, ref Vector512<float> z2, ref Vector512<float> z3)
    {
        Vector512<float> max = Vector512.Create(ElementwiseFunctions.ErfMax), one = Vector512.Create(1f);
        z0 = Lanes512.Clamp(z0, max);
        z1 = Lanes512.Clamp(z1, max);
        z2 = Lanes512.Clamp(z2, max);
        z3 = Lanes512.Clamp(z3, max);
        Vector512<float> scale = Vector512.Create(ElementwiseFunctions.ErfScale), minusOne = Vector512.Create(-1f);
        var w0 = Vector512.FusedMultiplyAdd(z0 * z0, scale, minusOne);
        var w1 = Vector512.FusedMultiplyAdd(z1 * z1, scale, minusOne);
        var w2 = Vector512.FusedMultiplyAdd(z2 * z2, scale, minusOne);
        var w3 = Vector512.FusedMultiplyAdd(z3 * z3, scale, minusOne);
        var c = ElementwiseFunctions.ErfCoefficients;
        Vector512<float> p0 = Vector512.Create(c[12]), p1 = p0, p2 = p0, p3 = p0;
        // Written out, because the JIT does not unroll it.
        Polynomial.Step(ref p0, ref p1, ref p2, ref p3, w0, w1, w2, w3, c[11]);
        Polynomial.Step(ref p0, ref p1, ref p2, ref p3, w0, w1, w2, w3, c[10]);
        Polynomial.Step(ref p0, ref p1, ref p2, ref p3, w0, w1, w2, w3, c[9]);
        Polynomial.Step(ref p0, ref p1, ref p2, ref p3, w0, w1, w2, w3, c[8]);
        Polynomial.Step(ref p0, ref p1, ref p2, ref p3, w0, w1, w2, w3, c[7]);
        Polynomial.Step(ref p0, ref p1, ref p2, ref p3, w0, w1, w2, w3, c[6]);
        Polynomial.Step(ref p0, ref p1, ref p2, ref p3, w0, w1, w2, w3, c[5]);
        Polynomial.Step(ref p0, ref p1, ref p2, ref p3, w0, w1, w2, w3, c[4]);
        Polynomial.Step(ref p0, ref p1, ref p2, ref p3, w0, w1, w2, w3, c[3]);
        Polynomial.Step(ref p0, ref p1, ref p2, ref p3, w0, w1, w2, w3, c[2]);
        Polynomial.Step(ref p0, ref p1, ref p2, ref p3, w0, w1, w2, w3, c[1]);
        Polynomial.Step(ref p0, ref p1, ref p2, ref p3, w0, w1, w2, w3, c[0]);
        z0 = Lanes512.Clamp(p0 * z0, one);
        z1 = Lanes512.Clamp(p1 * z1, one);
        z2 = Lanes512.Clamp(p2 * z2, one);
        z3 = Lanes512.Clamp(p3 * z3, one);
    }
}

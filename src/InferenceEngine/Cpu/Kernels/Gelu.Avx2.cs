using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary><see cref="ElementwiseFunctions.Gelu"/> on a few vectors, operation by operation.</summary>
/// <remarks>Polynomials side by side: each step of one waits for the step before it, and the others fill the time.</remarks>
internal static partial class Gelu
{
    /// <summary><c>(0.5·x) · (1 + erf(x·√½))</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Avx2(ref Vector256<float> x0, ref Vector256<float> x1)
    {
        var sqrtHalf = Vector256.Create(ElementwiseFunctions.SqrtHalf);
        Vector256<float> erf0 = Avx.Multiply(x0, sqrtHalf), erf1 = Avx.Multiply(x1, sqrtHalf);
        Erf(ref erf0, ref erf1);
        Vector256<float> half = Vector256.Create(0.5f), one = Vector256.Create(1f);
        x0 = Avx.Multiply(Avx.Multiply(half, x0), Avx.Add(one, erf0));
        x1 = Avx.Multiply(Avx.Multiply(half, x1), Avx.Add(one, erf1));
    }

    /// <summary><see cref="ElementwiseFunctions.Erf"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Erf(ref Vector256<float> z0, ref Vector256<float> z1)
    {
        Vector256<float> max = Vector256.Create(ElementwiseFunctions.ErfMax), min = Vector256.Create(-ElementwiseFunctions.ErfMax);
        Vector256<float> one = Vector256.Create(1f), minusOne = Vector256.Create(-1f), scale = Vector256.Create(ElementwiseFunctions.ErfScale);
        Vector256<float> a0 = Avx.Min(Avx.Max(z0, min), max), a1 = Avx.Min(Avx.Max(z1, min), max);
        Vector256<float> w0 = Fma.MultiplyAdd(Avx.Multiply(a0, a0), scale, minusOne), w1 = Fma.MultiplyAdd(Avx.Multiply(a1, a1), scale, minusOne);
        var c = ElementwiseFunctions.ErfCoefficients;
        Vector256<float> p0 = Vector256.Create(c[12]), p1 = p0;
        // Written out, because the JIT does not unroll it.
        Step(ref p0, ref p1, w0, w1, c[11]);
        Step(ref p0, ref p1, w0, w1, c[10]);
        Step(ref p0, ref p1, w0, w1, c[9]);
        Step(ref p0, ref p1, w0, w1, c[8]);
        Step(ref p0, ref p1, w0, w1, c[7]);
        Step(ref p0, ref p1, w0, w1, c[6]);
        Step(ref p0, ref p1, w0, w1, c[5]);
        Step(ref p0, ref p1, w0, w1, c[4]);
        Step(ref p0, ref p1, w0, w1, c[3]);
        Step(ref p0, ref p1, w0, w1, c[2]);
        Step(ref p0, ref p1, w0, w1, c[1]);
        Step(ref p0, ref p1, w0, w1, c[0]);
        z0 = Avx.Min(Avx.Max(Avx.Multiply(p0, a0), minusOne), one);
        z1 = Avx.Min(Avx.Max(Avx.Multiply(p1, a1), minusOne), one);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(ref Vector256<float> p0, ref Vector256<float> p1, Vector256<float> w0, Vector256<float> w1, float coefficient)
    {
        var c = Vector256.Create(coefficient);
        p0 = Fma.MultiplyAdd(p0, w0, c);
        p1 = Fma.MultiplyAdd(p1, w1, c);
    }
}

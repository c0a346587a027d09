using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static partial class Exponential
{
    /// <summary>2^t for t ≤ 0 on sixteen lanes; t below −126 counts as −126.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Avx512(Vector512<float> t)
    {
        var f = Fraction(t, out var n);
        var p = Vector512.Create(ElementwiseFunctions.Exp2C5);
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(ElementwiseFunctions.Exp2C4));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(ElementwiseFunctions.Exp2C3));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(ElementwiseFunctions.Exp2C2));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(ElementwiseFunctions.Exp2C1));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(1f));
        return Lanes512.TimesPowerOfTwo(p, n);
    }

    /// <summary>The same of four vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Avx512(ref Vector512<float> t0, ref Vector512<float> t1, ref Vector512<float> t2, ref Vector512<float> t3)
    {
        var f0 = Fraction(t0, out var n0);
        var f1 = Fraction(t1, out var n1);
        var f2 = Fraction(t2, out var n2);
        var f3 = Fraction(t3, out var n3);
        t0 = t1 = t2 = t3 = Vector512.Create(ElementwiseFunctions.Exp2C5);
        Polynomial.Step(ref t0, ref t1, ref t2, ref t3, f0, f1, f2, f3, ElementwiseFunctions.Exp2C4);
        Polynomial.Step(ref t0, ref t1, ref t2, ref t3, f0, f1, f2, f3, ElementwiseFunctions.Exp2C3);
        Polynomial.Step(ref t0, ref t1, ref t2, ref t3, f0, f1, f2, f3, ElementwiseFunctions.Exp2C2);
        Polynomial.Step(ref t0, ref t1, ref t2, ref t3, f0, f1, f2, f3, ElementwiseFunctions.Exp2C1);
        Polynomial.Step(ref t0, ref t1, ref t2, ref t3, f0, f1, f2, f3, 1f);
        t0 = Lanes512.TimesPowerOfTwo(t0, n0);
        t1 = Lanes512.TimesPowerOfTwo(t1, n1);
        t2 = Lanes512.TimesPowerOfTwo(t2, n2);
        t3 = Lanes512.TimesPowerOfTwo(t3, n3);
    }

    // t less its nearest integer n, exactly.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Fraction(Vector512<float> t, out Vector512<float> n)
    {
        t = Vector512.MaxNative(t, Vector512.Create(ElementwiseFunctions.Exp2Min));
        n = Lanes512.Round(t);
        return t - n;
    }
}

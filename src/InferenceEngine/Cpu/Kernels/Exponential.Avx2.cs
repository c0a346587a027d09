using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Simd = System.Runtime.Intrinsics.X86.Avx2;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary><see cref="ElementwiseFunctions.Exp2"/> on a vector, operation by operation.</summary>
internal static partial class Exponential
{
    /// <summary>2^t for t ≤ 0; t below −126 counts as −126.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Avx2(Vector256<float> t)
    {
        t = Avx.Max(t, Vector256.Create(ElementwiseFunctions.Exp2Min));
        var n = Avx.RoundToNearestInteger(t);
        var f = Avx.Subtract(t, n);
        var p = Fma.MultiplyAdd(Vector256.Create(ElementwiseFunctions.Exp2C5), f, Vector256.Create(ElementwiseFunctions.Exp2C4));
        p = Fma.MultiplyAdd(p, f, Vector256.Create(ElementwiseFunctions.Exp2C3));
        p = Fma.MultiplyAdd(p, f, Vector256.Create(ElementwiseFunctions.Exp2C2));
        p = Fma.MultiplyAdd(p, f, Vector256.Create(ElementwiseFunctions.Exp2C1));
        p = Fma.MultiplyAdd(p, f, Vector256.Create(1f));
        // n is an integer already, so truncating converts it exactly.
        var exponent = Simd.Add(Avx.ConvertToVector256Int32WithTruncation(n), Vector256.Create(127));
        return Avx.Multiply(p, Simd.ShiftLeftLogical(exponent, 23).AsSingle());
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary><see cref="ElementwiseFunctions.Tanh"/> on a vector, operation by operation.</summary>
internal static partial class Tanh
{
    /// <summary><c>sign(x) · (1 − e) / (1 + e)</c> with <c>e = 2^(−2·log2(e)·|x|)</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Avx2(Vector256<float> x)
    {
        var sign = Vector256.Create(-0f);
        var one = Vector256.Create(1f);
        var e = Exponential.Avx2(Avx.Multiply(Avx.AndNot(sign, x), Vector256.Create(ElementwiseFunctions.MinusTwoLog2E)));
        var t = Avx.Divide(Avx.Subtract(one, e), Avx.Add(one, e));
        return Avx.Or(t, Avx.And(sign, x)); // t ≥ 0, so its sign bit is free.
    }
}

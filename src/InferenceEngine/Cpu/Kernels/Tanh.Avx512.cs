using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static partial class Tanh
{
    /// <summary><see cref="ElementwiseFunctions.Tanh"/> on sixteen lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Avx512(Vector512<float> x)
    {
        var sign = Vector512.Create(-0f);
        var one = Vector512.Create(1f);
        var e = Exponential.Avx512(Vector512.AndNot(x, sign) * Vector512.Create(ElementwiseFunctions.MinusTwoLog2E));
        return (one - e) / (one + e) | (sign & x); // The quotient is not negative, so its sign bit is free.
    }
}

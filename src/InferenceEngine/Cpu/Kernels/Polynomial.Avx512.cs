using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Four polynomials side by side: two pipes of four cycles each want eight steps in flight, and one by itself would wait for its own.</summary>
internal static class Polynomial
{
    /// <summary>A step of Horner's scheme: <c>p = fma(p, x, coefficient)</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Step(
        ref Vector512<float> p0, ref Vector512<float> p1, ref Vector512<float> p2, ref Vector512<float> p3,
        Vector512<float> x0, Vector512<float> x1, Vector512<float> x2, Vector512<float> x3, float coefficient)
    {
        var c = Vector512.Create(coefficient);
        p0 = Vector512.FusedMultiplyAdd(p0, x0, c);
        p1 = Vector512.FusedMultiplyAdd(p1, x1, c);
        p2 = Vector512.FusedMultiplyAdd(p2, x2, c);
        p3 = Vector512.FusedMultiplyAdd(p3, x3, c);
    }
}

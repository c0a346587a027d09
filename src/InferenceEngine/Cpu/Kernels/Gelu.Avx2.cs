using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary><see cref="ElementwiseFunctions.Gelu"/> on eight lanes, operation by operation.</summary>
internal static class Gelu
{
    /// <summary><c>(0.5·x) · (1 + erf(x·√½))</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Avx2(Vector256<float> x)
    {
        var erf = Erf(Avx.Multiply(x, Vector256.Create(ElementwiseFunctions.SqrtHalf)));
        return Avx.Multiply(Avx.Multiply(Vector256.Create(0.5f), x), Avx.Add(Vector256.Create(1f), erf));
    }

    /// <summary><see cref="ElementwiseFunctions.Erf"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Erf(Vector256<float> z)
    {
        var one = Vector256.Create(1f);
        var a = Avx.Min(Avx.Max(z, Vector256.Create(-ElementwiseFunctions.ErfMax)), Vector256.Create(ElementwiseFunctions.ErfMax));
        var w = Fma.MultiplyAdd(Avx.Multiply(a, a), Vector256.Create(ElementwiseFunctions.ErfScale), Avx.Subtract(Vector256<float>.Zero, one));
        var c = ElementwiseFunctions.ErfCoefficients;
        var p = Vector256.Create(c[12]);
        for (var i = 11; i >= 0; i--) p = Fma.MultiplyAdd(p, w, Vector256.Create(c[i]));
        return Avx.Min(Avx.Max(Avx.Multiply(p, a), Avx.Subtract(Vector256<float>.Zero, one)), one);
    }
}

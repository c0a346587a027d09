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
        t = Vector512.MaxNative(t, Vector512.Create(ElementwiseFunctions.Exp2Min));
        var integer = Lanes512.RoundToInt32(t);
        var f = t - Vector512.ConvertToSingle(integer); // n, exactly
        var p = Vector512.FusedMultiplyAdd(Vector512.Create(ElementwiseFunctions.Exp2C5), f, Vector512.Create(ElementwiseFunctions.Exp2C4));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(ElementwiseFunctions.Exp2C3));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(ElementwiseFunctions.Exp2C2));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(ElementwiseFunctions.Exp2C1));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(1f));
        return p * Vector512.ShiftLeft(integer + Vector512.Create(127), 23).AsSingle();
    }
}

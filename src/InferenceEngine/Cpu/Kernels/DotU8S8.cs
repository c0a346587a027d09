using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>AVX-VNNI: four u8 × s8 products per lane in one <c>vpdpbusd</c>, which does not saturate.</summary>
internal readonly struct DotU8S8 : ITileOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Accumulate(Vector256<int> acc, Vector256<byte> x, Vector256<byte> w) =>
        AvxVnni.MultiplyWideningAndAdd(acc, x, w.AsSByte());
}

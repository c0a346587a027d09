using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>AVX2, 2:4: four |w| × ±x products per lane, <c>vpmaddubsw</c>, <c>vpmaddwd</c> with ones, <c>vpaddd</c>.</summary>
/// <remarks>A row is packed as 8 codes and their 8 negatives (<see cref="SignedRows"/>), so the index that picks an activation
/// also gives it the sign of its weight, for nothing; the weights are magnitudes. That makes <c>vpmaddubsw</c> exact: a
/// pair is at most 2 · 127 · 127 = 32 258 &lt; 2^15, it cannot saturate. Per 8 codes and 8 columns these are four
/// instructions with the shuffle, where the dense tile needs eight.</remarks>
internal readonly unsafe struct SignedPairMultiplyAdd : ISparse24Operation
{
    public static int RowCodeBytes => SignedRows.CodeBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Repeat(byte* a) => Avx2.BroadcastVector128ToVector256(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Accumulate(Vector256<int> acc, Vector256<byte> x, Vector256<byte> w) =>
        Avx2.Add(acc, Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(w, x.AsSByte()), Vector256.Create((short)1)));
}

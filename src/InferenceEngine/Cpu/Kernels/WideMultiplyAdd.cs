using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>AVX2: two int16 × int16 products per lane, <c>vpmaddwd</c> and <c>vpaddd</c>.</summary>
/// <remarks>Exact: a pair is at most 2 · 255 · 127 &lt; 2^31 (255 for attention probabilities) and <c>vpmaddwd</c> adds in int32.
/// The 8-bit <c>vpmaddubsw</c> needs its unsigned operand without sign and its int16 sums widened, two more instructions
/// for 32 products: no gain over the wider operands, and u8 probabilities would saturate it.</remarks>
internal readonly struct WideMultiplyAdd : ITileOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Accumulate(Vector256<int> acc, Vector256<byte> x, Vector256<byte> w) =>
        Avx2.Add(acc, Avx2.MultiplyAddAdjacent(x.AsInt16(), w.AsInt16()));
}

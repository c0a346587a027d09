using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Rows of unsigned bytes: the left operand of the VNNI tiles. The 256-bit ones read them packed and padded to a multiple of eight codes, the
/// 512-bit ones where they lie.</summary>
/// <remarks>int8 codes are stored as <c>code + 128</c>; blocks made for them start at <c>−128 · Σ_k w</c>, which takes the
/// offset out again. Intermediate sums may pass 2^31 and wrap, but int32 addition is exact modulo 2^32 and the final
/// value fits, so it is exact. What follows a row up to a multiple of eight codes meets zero weights.</remarks>
internal readonly unsafe struct ByteRows : IRowPacker
{
    /// <summary>What is added to codes; see <see cref="Codes.Offset"/>.</summary>
    public const byte Offset = 128;

    public static int CodeBytes => 1;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(sbyte* source, nint stride, int rows, int k, byte* destination, nint rowBytes)
    {
        var sign = Vector256.Create(Offset); // Its addition and exclusive or are the same.
        for (var r = 0; r < rows; r++, source += stride, destination += rowBytes)
        {
            var i = 0;
            for (; i + 32 <= k; i += 32) Avx2.Xor(Avx.LoadVector256((byte*)source + i), sign).Store(destination + i);
            for (; i < k; i++) destination[i] = (byte)(source[i] + Offset);
            for (; (i & 7) != 0; i++) destination[i] = 0;
        }
    }

    /// <summary>Σ of the codes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Sum(sbyte* source, int k)
    {
        // vpsadbw sums unsigned bytes: code + 128 each, so 128 per code is taken out again.
        var sums = Vector256<long>.Zero;
        var i = 0;
        for (; i + 32 <= k; i += 32)
        {
            var shifted = Avx2.Xor(Avx.LoadVector256((byte*)source + i), Vector256.Create(Offset));
            sums = Avx2.Add(sums, Avx2.SumAbsoluteDifferences(shifted, Vector256<byte>.Zero).AsInt64());
        }

        var sum = (int)Vector256.Sum(sums) - Offset * i;
        for (; i < k; i++) sum += source[i];
        return sum;
    }
}

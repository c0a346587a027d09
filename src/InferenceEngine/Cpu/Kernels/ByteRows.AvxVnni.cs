using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Rows of unsigned bytes: the left operand of the VNNI tiles, padded to a multiple of eight codes.</summary>
/// <remarks>int8 codes are stored as <c>code + 128</c>; blocks made for them start at <c>−128 · Σ_k w</c>, which takes the
/// shift out again. Intermediate sums may pass 2^31 and wrap, but int32 addition is exact modulo 2^32 and the final
/// value fits, so it is exact. The padding meets zero weights.</remarks>
internal static unsafe class ByteRows
{
    private const int SignBit = 0x80;

    /// <summary>See <see cref="ITile.PackRows"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackShifted(sbyte* source, nint stride, int rows, int k, byte* destination, nint rowBytes)
    {
        var sign = Vector256.Create((byte)SignBit);
        for (var r = 0; r < rows; r++, source += stride, destination += rowBytes)
        {
            var i = 0;
            for (; i + 32 <= k; i += 32) Avx2.Xor(Avx.LoadVector256((byte*)source + i), sign).Store(destination + i);
            for (; i < k; i++) destination[i] = (byte)(source[i] ^ SignBit);
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
            var shifted = Avx2.Xor(Avx.LoadVector256((byte*)source + i), Vector256.Create((byte)SignBit));
            sums = Avx2.Add(sums, Avx2.SumAbsoluteDifferences(shifted, Vector256<byte>.Zero).AsInt64());
        }

        var sum = (int)Vector256.Sum(sums) - 128 * i;
        for (; i < k; i++) sum += source[i];
        return sum;
    }
}

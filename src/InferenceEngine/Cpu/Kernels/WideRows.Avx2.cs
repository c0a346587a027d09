using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Rows of codes widened to int16: the left operand of the dense AVX2 tile, zero-padded to a multiple of four codes.</summary>
internal static unsafe class WideRows
{
    /// <summary>See <see cref="ITile.PackRows"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(sbyte* source, nint stride, int rows, int k, byte* destination, nint rowBytes)
    {
        for (var r = 0; r < rows; r++, source += stride, destination += rowBytes)
        {
            var d = (short*)destination;
            var i = 0;
            for (; i + 16 <= k; i += 16) Avx2.ConvertToVector256Int16(source + i).Store(d + i);
            for (; i < k; i++) d[i] = source[i];
            Pad(d, k);
        }
    }

    /// <summary>See <see cref="IDenseTile.PackUnsignedRows"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(byte* source, nint stride, int rows, int k, byte* destination, nint rowBytes)
    {
        for (var r = 0; r < rows; r++, source += stride, destination += rowBytes)
        {
            var d = (short*)destination;
            var i = 0;
            for (; i + 16 <= k; i += 16) Avx2.ConvertToVector256Int16(source + i).Store(d + i);
            for (; i < k; i++) d[i] = source[i];
            Pad(d, k);
        }
    }

    private static void Pad(short* d, int k)
    {
        for (var i = k; (i & 3) != 0; i++) d[i] = 0;
    }
}

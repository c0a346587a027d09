using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Turns 8 columns of 8 int32, one after another in memory, into 8 rows.</summary>
internal static unsafe class IntTranspose
{
    /// <summary>Columns, and values of each.</summary>
    public const int Size = 8;

    /// <summary><c>destination[p · destinationStride + n] = ((int*)(source + n · stride))[p]</c>.</summary>
    /// <param name="source">First byte of the first column.</param>
    /// <param name="stride">Bytes from one column to the next.</param>
    /// <param name="destination">First row.</param>
    /// <param name="destinationStride">Values from one row to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(sbyte* source, nint stride, int* destination, nint destinationStride)
    {
        // Columns n and n + 4 share a register, one in each half; first their values 0 to 3, then 4 to 7.
        for (var half = 0; half < 2; half++, source += 4 * sizeof(int), destination += 4 * destinationStride)
        {
            var (c0, c1, c2, c3) = (Load(source, stride, 0), Load(source, stride, 1), Load(source, stride, 2), Load(source, stride, 3));
            var (low01, high01) = (Avx2.UnpackLow(c0, c1).AsInt64(), Avx2.UnpackHigh(c0, c1).AsInt64());
            var (low23, high23) = (Avx2.UnpackLow(c2, c3).AsInt64(), Avx2.UnpackHigh(c2, c3).AsInt64());
            Avx2.UnpackLow(low01, low23).AsInt32().Store(destination);
            Avx2.UnpackHigh(low01, low23).AsInt32().Store(destination + destinationStride);
            Avx2.UnpackLow(high01, high23).AsInt32().Store(destination + 2 * destinationStride);
            Avx2.UnpackHigh(high01, high23).AsInt32().Store(destination + 3 * destinationStride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Load(sbyte* source, nint stride, nint n) =>
        Vector256.Create(Sse2.LoadVector128(source + n * stride), Sse2.LoadVector128(source + (n + 4) * stride)).AsInt32();
}

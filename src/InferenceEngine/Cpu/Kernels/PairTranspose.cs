using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Turns 16 columns of 8 pairs of codes, one after another in memory, into 8 rows of 16 pairs.</summary>
internal static unsafe class PairTranspose
{
    /// <summary>Pairs of codes of each column.</summary>
    public const int Pairs = 8;

    /// <summary><c>destination[p · 16 + n] = source[n · stride + p]</c> for p in 0..7, n in 0..15.</summary>
    /// <remarks>Columns n and n + 8 share a register, one in each half, and both halves are transposed alike, 8 × 8: unpacking
    /// interleaves two columns, then two pairs of columns, then two fours. What comes out is a whole row.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(short* source, nint stride, short* destination)
    {
        Interleave(Load(source, stride, 0), Load(source, stride, 1), out var a0, out var a1); // pairs 0..3 and 4..7 of columns 0, 1
        Interleave(Load(source, stride, 2), Load(source, stride, 3), out var b0, out var b1);
        Interleave(Load(source, stride, 4), Load(source, stride, 5), out var c0, out var c1);
        Interleave(Load(source, stride, 6), Load(source, stride, 7), out var d0, out var d1);
        Four(a0, b0, c0, d0, destination);
        Four(a1, b1, c1, d1, destination + 4 * PackedLinear.BlockColumns);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Load(short* source, nint stride, nint n) =>
        Vector256.Create(Sse2.LoadVector128(source + n * stride), Sse2.LoadVector128(source + (n + 8) * stride));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Interleave(Vector256<short> first, Vector256<short> second, out Vector256<int> low, out Vector256<int> high)
    {
        low = Avx2.UnpackLow(first, second).AsInt32();
        high = Avx2.UnpackHigh(first, second).AsInt32();
    }

    // Four rows, of whose columns a has 0, 1, b 2, 3, c 4, 5 and d 6, 7.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(Vector256<int> a, Vector256<int> b, Vector256<int> c, Vector256<int> d, short* destination)
    {
        var (low, high) = (Avx2.UnpackLow(a, b).AsInt64(), Avx2.UnpackLow(c, d).AsInt64()); // rows 0, 1: columns 0..3 and 4..7
        Avx2.UnpackLow(low, high).AsInt16().Store(destination);
        Avx2.UnpackHigh(low, high).AsInt16().Store(destination + PackedLinear.BlockColumns);
        (low, high) = (Avx2.UnpackHigh(a, b).AsInt64(), Avx2.UnpackHigh(c, d).AsInt64()); // rows 2, 3
        Avx2.UnpackLow(low, high).AsInt16().Store(destination + 2 * PackedLinear.BlockColumns);
        Avx2.UnpackHigh(low, high).AsInt16().Store(destination + 3 * PackedLinear.BlockColumns);
    }
}

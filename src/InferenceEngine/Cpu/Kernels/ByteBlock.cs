using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Dense blocks of the VNNI tiles, 256 and 512 bits wide.</summary>
/// <remarks>16 int32 start values (−128 · column sum, or 0 for unsigned rows), then for each four k: 16 columns × 4 codes. A multiple of
/// eight k, filled up with zeros.</remarks>
internal static unsafe class ByteBlock
{
    /// <summary>Codes of K to whose multiple a block is padded.</summary>
    public const int StepDepth = 8;

    /// <summary>Bytes of a block per code of K.</summary>
    public const int DepthBytes = PackedLinear.BlockColumns;

    private const int GroupBytes = 4 * PackedLinear.BlockColumns;

    /// <summary>See <see cref="IDenseTile.PackColumns"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackColumns(sbyte* source, nint stride, int columns, int k, byte* block)
    {
        Clear(block, k);
        var groups = (int*)(block + TileSize.HeaderBytes);
        var done = 0;
        if (columns == PackedLinear.BlockColumns)
        {
            for (; done + 4 * IntTranspose.Size <= k; done += 4 * IntTranspose.Size)
            {
                var destination = groups + done / 4 * PackedLinear.BlockColumns;
                IntTranspose.Copy(source + done, stride, destination, PackedLinear.BlockColumns);
                IntTranspose.Copy(source + done + IntTranspose.Size * stride, stride, destination + IntTranspose.Size, PackedLinear.BlockColumns);
            }
        }

        for (var n = 0; n < columns; n++)
        {
            var column = source + n * stride;
            var destination = groups + done / 4 * PackedLinear.BlockColumns + n;
            var i = done;
            for (; i + 4 <= k; i += 4, destination += PackedLinear.BlockColumns) *destination = *(int*)(column + i);
            for (; i < k; i++) ((sbyte*)destination)[i & 3] = column[i];
        }

        ShiftOut(block, k);
    }

    // Start values −128 · column sum.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ShiftOut(byte* block, int k)
    {
        var codes = (sbyte*)block + TileSize.HeaderBytes;
        Vector256<int> low = Vector256<int>.Zero, high = Vector256<int>.Zero;
        for (var i = 0; i < k; i += 4, codes += GroupBytes)
        {
            low = Avx2.Add(low, SumOfFour(Avx.LoadVector256(codes)));
            high = Avx2.Add(high, SumOfFour(Avx.LoadVector256(codes + 32)));
        }

        var shift = Vector256.Create(-128);
        Avx2.MultiplyLow(low, shift).Store((int*)block);
        Avx2.MultiplyLow(high, shift).Store((int*)block + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> SumOfFour(Vector256<sbyte> codes) =>
        Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(Vector256.Create((byte)1), codes), Vector256.Create((short)1));

    /// <summary>See <see cref="IDenseTile.PackValues"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackValues(sbyte* source, nint stride, int columns, int k, byte* block)
    {
        Clear(block, k);
        var destination = (sbyte*)block + TileSize.HeaderBytes;
        var i = 0;
        if (columns == PackedLinear.BlockColumns)
        {
            for (; i + 4 <= k; i += 4, destination += GroupBytes) Interleave(source + i * stride, stride, destination);
        }

        for (; i < k; i++)
        {
            for (var n = 0; n < columns; n++) destination[4 * n + (i & 3)] = source[i * stride + n];
            if ((i & 3) == 3) destination += GroupBytes;
        }
    }

    private static void Clear(byte* block, int k) =>
        new Span<byte>(block, TileSize.HeaderBytes + (k + StepDepth - 1) / StepDepth * StepDepth * DepthBytes).Clear();

    // Four rows of 16 bytes -> 16 columns of 4 bytes: first pairs of bytes, then pairs of pairs.
    private static void Interleave(sbyte* source, nint stride, sbyte* destination)
    {
        var r0 = Sse2.LoadVector128(source);
        var r1 = Sse2.LoadVector128(source + stride);
        var r2 = Sse2.LoadVector128(source + 2 * stride);
        var r3 = Sse2.LoadVector128(source + 3 * stride);
        var low01 = Sse2.UnpackLow(r0, r1).AsInt16();
        var low23 = Sse2.UnpackLow(r2, r3).AsInt16();
        var high01 = Sse2.UnpackHigh(r0, r1).AsInt16();
        var high23 = Sse2.UnpackHigh(r2, r3).AsInt16();
        Sse2.UnpackLow(low01, low23).AsSByte().Store(destination);
        Sse2.UnpackHigh(low01, low23).AsSByte().Store(destination + 16);
        Sse2.UnpackLow(high01, high23).AsSByte().Store(destination + 32);
        Sse2.UnpackHigh(high01, high23).AsSByte().Store(destination + 48);
    }
}

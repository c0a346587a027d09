using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Dense tile on AVX-VNNI: eight codes per step, four at a time, rows as in <see cref="ByteRows"/>.</summary>
/// <remarks>Block: 16 int32 start values (−128 · column sum, or 0 for unsigned rows), then for each four k: 16 columns × 4 codes.</remarks>
/// <typeparam name="TDot"><see cref="DotU8S8"/>; tests put an exact AVX2 emulation of the instruction here.</typeparam>
internal readonly unsafe struct DenseTileAvxVnni<TDot> : IDenseTile where TDot : struct, ITileOperation
{
    public static int MaxRows => DenseTile.MaxRows;

    public static int StepDepth => 8;

    public static int MaxDepth => 1024;

    public static int RowCodeBytes => 1;

    public static int DepthBytes => DenseTile.StepBytes / StepDepth;

    public static int StoredDepthBytes => DepthBytes;

    public static void PackRow(sbyte* source, int k, byte* destination) => ByteRows.PackShifted(source, k, destination);

    public static void PackUnsignedRow(byte* source, int k, byte* destination) => ByteRows.Pack(source, k, destination);

    public static byte* Expand(byte* stored, int depth, byte* panel) => stored;

    public static void PackWeights(sbyte* source, int columns, int k, byte* stored) => PackColumns(source, k, columns, k, stored);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackColumns(sbyte* source, nint stride, int columns, int k, byte* block)
    {
        new Span<byte>(block, (int)TileSize.BlockBytes<DenseTileAvxVnni<TDot>>(k)).Clear();
        for (var n = 0; n < columns; n++)
        {
            var column = source + n * stride;
            var destination = block + TileSize.HeaderBytes + 4 * n;
            var i = 0;
            for (; i + 4 <= k; i += 4, destination += DenseTile.HalfStepBytes) *(int*)destination = *(int*)(column + i);
            for (; i < k; i++) destination[i & 3] = (byte)column[i];
            ((int*)block)[n] = -128 * ByteRows.Sum(column, k);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackRows(sbyte* source, nint stride, int columns, int k, byte* block)
    {
        new Span<byte>(block, (int)TileSize.BlockBytes<DenseTileAvxVnni<TDot>>(k)).Clear();
        var destination = (sbyte*)block + TileSize.HeaderBytes;
        var i = 0;
        if (columns == PackedLinear.BlockColumns)
        {
            for (; i + 4 <= k; i += 4, destination += DenseTile.HalfStepBytes) Interleave(source + i * stride, stride, destination);
        }

        for (; i < k; i++)
        {
            for (var n = 0; n < columns; n++) destination[4 * n + (i & 3)] = source[i * stride + n];
            if ((i & 3) == 3) destination += DenseTile.HalfStepBytes;
        }
    }

    public static void Multiply(int rows, byte* a, nint rowBytes, byte* columns, int depth, int* start, nint startStride, int* c, nint stride) =>
        DenseTile.Multiply<TDot>(rows, a, rowBytes, columns, depth / StepDepth, start, startStride, c, stride);

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

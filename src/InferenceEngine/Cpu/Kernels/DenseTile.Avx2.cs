using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Dense tile on AVX2: codes widened to int16, four of them per step, two at a time (<see cref="WideMultiplyAdd"/>).</summary>
/// <remarks>Expanded: for each pair of k, 16 columns × 2 int16. Stored: the same as int8, which halves the memory; all rows of a
/// piece share one expansion. Both are led by 16 int32 zeros.</remarks>
internal readonly unsafe struct DenseTileAvx2 : IDenseTile
{
    public static int MaxRows => DenseTile.MaxRows;

    public static int MaxBlocks => 1;

    public static int StepDepth => 4;

    // Expanded block and rows stay in a first-level cache of 32 KB.
    public static int MaxDepth => 512;

    public static int RowCodeBytes => WideRows.CodeBytes;

    public static int DepthBytes => DenseTile.StepBytes / StepDepth;

    public static int StoredDepthBytes => DepthBytes / sizeof(short);

    public static long RoomForRows(int rows, int k) => RowPacker.Room<WideRows>(rows, k);

    public static TileRows Rows(Codes codes, int rows, int k, byte* room, bool packed) => RowPacker.Pack<WideRows>(codes, rows, k, room, packed);

    public static TileRows UnsignedRows(byte* codes, nint stride, int rows, int k, byte* room)
    {
        var rowBytes = TileSize.RowBytes(k * RowCodeBytes);
        WideRows.Pack(codes, stride, rows, k, room, rowBytes);
        return new TileRows(room, rowBytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static byte* Expand(byte* stored, int depth, byte* panel)
    {
        var codes = (sbyte*)stored;
        var wide = (short*)panel;
        for (var i = 0; i < depth * PackedLinear.BlockColumns; i += 32)
        {
            Avx2.ConvertToVector256Int16(codes + i).Store(wide + i);
            Avx2.ConvertToVector256Int16(codes + i + 16).Store(wide + i + 16);
        }

        return panel;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackWeights(sbyte* source, int columns, int k, byte* stored)
    {
        new Span<byte>(stored, (int)TileSize.StoredBytes<DenseTileAvx2>(k)).Clear();
        var done = 0;
        if (columns == PackedLinear.BlockColumns && k % 2 == 0) // Else columns do not begin at whole pairs.
        {
            for (; done + 2 * PairTranspose.Pairs <= k; done += 2 * PairTranspose.Pairs)
                PairTranspose.Copy((short*)(source + done), k / 2, (short*)(stored + TileSize.HeaderBytes) + done / 2 * PackedLinear.BlockColumns);
        }

        for (var n = 0; n < columns; n++)
        {
            var column = source + (nint)n * k;
            var destination = (short*)(stored + TileSize.HeaderBytes) + done / 2 * PackedLinear.BlockColumns + n;
            var i = done;
            for (; i + 2 <= k; i += 2, destination += PackedLinear.BlockColumns) *destination = *(short*)(column + i);
            if (i < k) *(sbyte*)destination = column[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackColumns(sbyte* source, nint stride, int columns, int k, byte* block)
    {
        new Span<byte>(block, (int)TileSize.BlockBytes<DenseTileAvx2>(k)).Clear();
        for (var n = 0; n < columns; n++)
        {
            var column = source + n * stride;
            var destination = (int*)(block + TileSize.HeaderBytes) + n;
            var i = 0;
            for (; i + 2 <= k; i += 2, destination += 16) *destination = (column[i] & 0xffff) + (column[i + 1] << 16);
            if (i < k) *destination = (ushort)column[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackValues(sbyte* source, nint stride, int columns, int k, byte* block)
    {
        if (columns < PackedLinear.BlockColumns)
        {
            new Span<byte>(block, (int)TileSize.BlockBytes<DenseTileAvx2>(k)).Clear();
            for (var i = 0; i < k; i++)
                for (var n = 0; n < columns; n++) ((short*)(block + TileSize.HeaderBytes))[i / 2 * 32 + 2 * n + (i & 1)] = source[i * stride + n];
            return;
        }

        new Span<byte>(block, TileSize.HeaderBytes).Clear();
        var destination = (short*)(block + TileSize.HeaderBytes);
        for (var i = 0; i < k; i += 2, destination += 32)
        {
            // Interleave two rows of 16: per 128-bit lane, then lanes [0 of low, 0 of high], [1 of low, 1 of high].
            var even = Avx2.ConvertToVector256Int16(source + i * stride);
            var odd = i + 1 < k ? Avx2.ConvertToVector256Int16(source + (i + 1) * stride) : Vector256<short>.Zero;
            var low = Avx2.UnpackLow(even, odd);
            var high = Avx2.UnpackHigh(even, odd);
            Avx2.Permute2x128(low, high, 0x20).Store(destination);
            Avx2.Permute2x128(low, high, 0x31).Store(destination + 16);
        }
    }

    public static void Multiply(int rows, int blocks, TileOperands* operands) => DenseTile.Multiply<WideMultiplyAdd>(rows, operands->Depth / StepDepth, operands);
}

using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Attention
{
    private const int BlockColumns = PackedLinear.BlockColumns;

    /// <summary>Attention on a register tile: K and V of the head are packed once, then a few queries at a time go from
    /// scores to context without leaving the first-level cache.</summary>
    public static void Tiled<TTile>(in AttentionArguments a, AttentionWork work, WorkerScratch scratch)
        where TTile : struct, IDenseTile
    {
        int length = work.Length, d = a.HeadDim, maxRows = TTile.MaxRows;
        int keyBlocks = PackedLinear.BlocksOf(length), valueBlocks = PackedLinear.BlocksOf(d);
        long keyBytes = TileSize.BlockBytes<TTile>(d), valueBytes = TileSize.BlockBytes<TTile>(length);
        int queryRow = TileSize.RowBytes<TTile>(d), codeRow = TileSize.RowBytes<TTile>(length), scoreStride = keyBlocks * BlockColumns;

        var next = scratch.Get(keyBlocks * keyBytes + valueBlocks * valueBytes + maxRows * ((long)queryRow + codeRow)
            + maxRows * AlignedBuffer.Size<int>(scoreStride) + AlignedBuffer.Size<byte>(scoreStride) + AlignedBuffer.Size<int>(maxRows * BlockColumns)
            + AlignedBuffer.Size<float>(maxRows));
        byte* Take(long bytes)
        {
            var address = next;
            next += bytes;
            return address;
        }

        var keys = Take(keyBlocks * keyBytes);
        var values = Take(valueBlocks * valueBytes);
        var queries = Take((long)maxRows * queryRow);
        var packedCodes = Take((long)maxRows * codeRow);
        var scores = (int*)Take(maxRows * AlignedBuffer.Size<int>(scoreStride));
        var codes = Take(AlignedBuffer.Size<byte>(scoreStride));
        var tile = (int*)Take(AlignedBuffer.Size<int>(maxRows * BlockColumns));
        var rowScales = (float*)Take(AlignedBuffer.Size<float>(maxRows));

        var head = (nint)work.Start * a.Hidden + work.Head * d; // first code of this head in [T, H]
        for (var block = 0; block < keyBlocks; block++)
        {
            var first = block * BlockColumns;
            TTile.PackColumns(a.Key + head + (nint)first * a.Hidden, a.Hidden, Math.Min(BlockColumns, length - first), d, keys + block * keyBytes);
        }

        for (var block = 0; block < valueBlocks; block++)
        {
            var first = block * BlockColumns;
            TTile.PackRows(a.Value + head + first, a.Hidden, Math.Min(BlockColumns, d - first), length, values + block * valueBytes);
        }

        for (var i = work.QueryBegin; i < work.QueryEnd; i += maxRows)
        {
            var rows = Math.Min(maxRows, work.QueryEnd - i);
            for (var r = 0; r < rows; r++) TTile.PackRow(a.Query + head + (nint)(i + r) * a.Hidden, d, queries + (nint)r * queryRow);
            for (var block = 0; block < keyBlocks; block++)
                Multiply<TTile>(rows, queries, queryRow, keys + block * keyBytes, d, scores + block * BlockColumns, scoreStride); // [rows, S]
            for (var r = 0; r < rows; r++)
            {
                var z = Softmax.Avx2(scores + (nint)r * scoreStride, length, a.ScoreMultiplier, codes);
                rowScales[r] = a.ValueScale / z;
                TTile.PackUnsignedRow(codes, length, packedCodes + (nint)r * codeRow);
            }

            for (var block = 0; block < valueBlocks; block++)
            {
                Multiply<TTile>(rows, packedCodes, codeRow, values + block * valueBytes, length, tile, BlockColumns); // [rows, 16 of D]
                var first = block * BlockColumns;
                for (var r = 0; r < rows; r++)
                    StoreContext(a.Context, head + (nint)(i + r) * a.Hidden + first, tile + r * BlockColumns, rowScales[r], Math.Min(BlockColumns, d - first));
            }
        }
    }

    private static void Multiply<TTile>(int rows, byte* a, int rowBytes, byte* block, int k, int* c, int stride)
        where TTile : struct, IDenseTile =>
        TTile.Multiply(rows, a, rowBytes, block + TileSize.HeaderBytes, TileSize.Depth<TTile>(k), (int*)block, 0, c, stride);

    private static void StoreContext(Codes context, nint index, int* acc, float scale, int columns)
    {
        if (columns < BlockColumns)
        {
            for (var c = 0; c < columns; c++) Store(context, index + c, acc[c] * scale);
            return;
        }

        var y0 = Avx.Multiply(Avx.ConvertToVector256Single(Avx.LoadVector256(acc)), Vector256.Create(scale));
        var y1 = Avx.Multiply(Avx.ConvertToVector256Single(Avx.LoadVector256(acc + 8)), Vector256.Create(scale));
        if (context.Width == CodeWidth.Int8) Quantize.ToInt8(y0, y1, context.Quantizer.InverseScale).Store(context.Int8 + index);
        else Quantize.ToInt16(y0, y1, context.Quantizer.InverseScale).Store(context.Int16 + index);
    }
}

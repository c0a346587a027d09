namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Attention
{
    private const int BlockColumns = PackedLinear.BlockColumns;

    /// <summary>Attention on a register tile: K and V of the head are packed once, then a few queries at a time go from
    /// scores to context without leaving the first-level cache.</summary>
    public static void Tiled<TTile, TVectors>(in AttentionArguments a, AttentionWork work, WorkerScratch scratch)
        where TTile : struct, IDenseTile
        where TVectors : struct, IVectorOperations
    {
        int length = work.Length, d = a.HeadDim, maxRows = TTile.MaxRows;
        int keyBlocks = PackedLinear.BlocksOf(length), valueBlocks = PackedLinear.BlocksOf(d);
        long keyBytes = TileSize.BlockBytes<TTile>(d), valueBytes = TileSize.BlockBytes<TTile>(length);
        int queryRow = TileSize.RowBytes<TTile>(d), codeRow = TileSize.RowBytes<TTile>(length), scoreStride = keyBlocks * BlockColumns, tileStride = TTile.MaxBlocks * BlockColumns;

        var next = scratch.Get(keyBlocks * keyBytes + valueBlocks * valueBytes + maxRows * ((long)queryRow + codeRow)
            + maxRows * AlignedBuffer.Size<int>(scoreStride) + AlignedBuffer.Size<byte>(scoreStride) + AlignedBuffer.Size<int>(maxRows * tileStride)
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
        var tile = (int*)Take(AlignedBuffer.Size<int>(maxRows * tileStride));
        var rowScales = (float*)Take(AlignedBuffer.Size<float>(maxRows));

        nint head = a.Layout.IndexOf(work.Start, work.Head * d), context = a.Context.Layout.IndexOf(work.Start, work.Head * d); // first code of this head
        nint stride = a.Layout.Width, contextStride = a.Context.Layout.Width;
        for (var block = 0; block < keyBlocks; block++)
        {
            var first = block * BlockColumns;
            TTile.PackColumns(a.Key + head + first * stride, stride, Math.Min(BlockColumns, length - first), d, keys + block * keyBytes);
        }

        for (var block = 0; block < valueBlocks; block++)
        {
            var first = block * BlockColumns;
            TTile.PackRows(a.Value + head + first, stride, Math.Min(BlockColumns, d - first), length, values + block * valueBytes);
        }

        for (var i = work.QueryBegin; i < work.QueryEnd; i += maxRows)
        {
            var rows = Math.Min(maxRows, work.QueryEnd - i);
            for (var r = 0; r < rows; r++) TTile.PackRow(a.Query + head + (i + r) * stride, d, queries + (nint)r * queryRow);
            for (var block = 0; block < keyBlocks; block += TTile.MaxBlocks)
            {
                // [rows, S]
                Multiply<TTile>(rows, Math.Min(TTile.MaxBlocks, keyBlocks - block), queries, queryRow, keys + block * keyBytes, d, scores + block * BlockColumns, scoreStride);
            }

            for (var r = 0; r < rows; r++)
            {
                var z = TVectors.Softmax(scores + (nint)r * scoreStride, length, a.ScoreMultiplier, codes);
                rowScales[r] = a.ValueScale / z;
                TTile.PackUnsignedRow(codes, length, packedCodes + (nint)r * codeRow);
            }

            for (var block = 0; block < valueBlocks; block += TTile.MaxBlocks)
            {
                // [rows, 16 of D for each block]
                var blocks = Math.Min(TTile.MaxBlocks, valueBlocks - block);
                Multiply<TTile>(rows, blocks, packedCodes, codeRow, values + block * valueBytes, length, tile, tileStride);
                for (var b = block; b < block + blocks; b++)
                {
                    var first = b * BlockColumns;
                    for (var r = 0; r < rows; r++)
                        StoreContext<TVectors>(a.Context, context + (i + r) * contextStride + first, tile + r * tileStride + (b - block) * BlockColumns, rowScales[r], Math.Min(BlockColumns, d - first));
                }
            }
        }
    }

    private static void Multiply<TTile>(int rows, int blocks, byte* a, int rowBytes, byte* block, int k, int* c, int stride)
        where TTile : struct, IDenseTile
    {
        var blockBytes = (nint)TileSize.BlockBytes<TTile>(k);
        var operands = new TileOperands
        {
            A = a,
            RowBytes = rowBytes,
            Columns = block + TileSize.HeaderBytes,
            NextColumns = blockBytes,
            Depth = TileSize.Depth<TTile>(k),
            Start = (int*)block,
            NextStart = blockBytes / sizeof(int),
            C = c,
            Stride = stride,
            NextC = BlockColumns,
            Fetch = a,
        };
        TTile.Multiply(rows, blocks, &operands);
    }

    private static void StoreContext<TVectors>(Codes context, nint index, int* acc, float scale, int columns)
        where TVectors : struct, IVectorOperations
    {
        if (columns == BlockColumns)
        {
            TVectors.StoreContext(context, index, acc, scale);
            return;
        }

        for (var c = 0; c < columns; c++) Store(context, index + c, acc[c] * scale);
    }
}

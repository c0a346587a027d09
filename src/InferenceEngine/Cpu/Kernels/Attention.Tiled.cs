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
        int queryRow = TileSize.RowBytes<TTile>(d), packedRow = TileSize.RowBytes<TTile>(length), codeRow = TileSize.RowBytes(length);
        int scoreStride = keyBlocks * BlockColumns, tileStride = TTile.MaxBlocks * BlockColumns;

        var next = scratch.Get(keyBlocks * keyBytes + valueBlocks * valueBytes + maxRows * ((long)queryRow + packedRow + codeRow)
            + AlignedBuffer.Size<int>(maxRows * scoreStride) + AlignedBuffer.Size<int>(maxRows * tileStride) + AlignedBuffer.Size<int>(maxRows) + AlignedBuffer.Size<float>(maxRows));
        byte* Take(long bytes)
        {
            var address = next;
            next += bytes;
            return address;
        }

        var keys = Take(keyBlocks * keyBytes);
        var values = Take(valueBlocks * valueBytes);
        var queries = Take((long)maxRows * queryRow);
        var codes = Take((long)maxRows * codeRow);
        var packed = Take((long)maxRows * packedRow);
        var scores = (int*)Take(AlignedBuffer.Size<int>(maxRows * scoreStride));
        var tile = (int*)Take(AlignedBuffer.Size<int>(maxRows * tileStride));
        var z = (int*)Take(AlignedBuffer.Size<int>(maxRows));
        var rowScales = (float*)Take(AlignedBuffer.Size<float>(maxRows));

        // First code of this head.
        nint head = a.Layout.IndexOf(work.Start, work.Head * d), context = a.Context.Layout.IndexOf(work.Start, work.Head * d);
        nint stride = a.Layout.Width;
        for (var block = 0; block < keyBlocks; block++)
        {
            var first = block * BlockColumns;
            TTile.PackColumns(a.Key + head + first * stride, stride, Math.Min(BlockColumns, length - first), d, keys + block * keyBytes);
        }

        for (var block = 0; block < valueBlocks; block++)
        {
            var first = block * BlockColumns;
            TTile.PackValues(a.Value + head + first, stride, Math.Min(BlockColumns, d - first), length, values + block * valueBytes);
        }

        var queryByKeys = Operands<TTile>(d, queryRow, scoreStride);
        var codesByValues = Operands<TTile>(length, packedRow, tileStride);
        for (var i = work.QueryBegin; i < work.QueryEnd; i += maxRows)
        {
            var rows = Math.Min(maxRows, work.QueryEnd - i);
            TTile.PackRows(a.Query + head + i * stride, stride, rows, d, queries, queryRow);
            for (var block = 0; block < keyBlocks; block += TTile.MaxBlocks)
            {
                // [rows, S]
                Multiply<TTile>(ref queryByKeys, rows, Math.Min(TTile.MaxBlocks, keyBlocks - block), queries, keys + block * keyBytes, scores + block * BlockColumns);
            }

            TVectors.Softmax(scores, scoreStride, rows, length, a.ScoreMultiplier, codes, codeRow, z);
            for (var r = 0; r < rows; r++) rowScales[r] = a.ValueScale / z[r];
            var packedCodes = TTile.PackUnsignedRows(codes, codeRow, rows, length, packed, packedRow);

            for (var block = 0; block < valueBlocks; block += TTile.MaxBlocks)
            {
                // [rows, 16 of D for each block]
                var blocks = Math.Min(TTile.MaxBlocks, valueBlocks - block);
                Multiply<TTile>(ref codesByValues, rows, blocks, packedCodes, values + block * valueBytes, tile);
                for (var b = block; b < block + blocks; b++)
                {
                    var first = b * BlockColumns;
                    var destination = a.Context.From(context + i * a.Context.Layout.Width + first);
                    StoreContext<TVectors>(destination, tile + (b - block) * BlockColumns, tileStride, rowScales, rows, Math.Min(BlockColumns, d - first));
                }
            }
        }
    }

    // Of products with blocks of k codes; where they are comes with each.
    private static TileOperands Operands<TTile>(int k, int rowBytes, int stride) where TTile : struct, IDenseTile
    {
        var blockBytes = (nint)TileSize.BlockBytes<TTile>(k);
        return new TileOperands
        {
            RowBytes = rowBytes,
            NextColumns = blockBytes,
            Depth = TileSize.Depth<TTile>(k),
            NextStart = blockBytes / sizeof(int),
            Stride = stride,
            NextC = BlockColumns,
        };
    }

    private static void Multiply<TTile>(ref TileOperands operands, int rows, int blocks, byte* a, byte* block, int* c) where TTile : struct, IDenseTile
    {
        operands.A = operands.Fetch = a;
        operands.Columns = block + TileSize.HeaderBytes;
        operands.Start = (int*)block;
        operands.C = c;
        fixed (TileOperands* o = &operands) TTile.Multiply(rows, blocks, o);
    }

    private static void StoreContext<TVectors>(Codes context, int* acc, nint stride, float* scales, int rows, int columns)
        where TVectors : struct, IVectorOperations
    {
        if (columns == BlockColumns)
        {
            TVectors.StoreContext(context, acc, stride, scales, rows);
            return;
        }

        for (var r = 0; r < rows; r++)
            for (var c = 0; c < columns; c++) Store(context, (nint)r * context.Layout.Width + c, acc[r * stride + c] * scales[r]);
    }
}

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
        long queryBytes = AlignedBuffer.Size<byte>(TTile.RoomForRows(maxRows, d)), packedBytes = AlignedBuffer.Size<byte>(TTile.RoomForRows(maxRows, length));
        var codeRow = TileSize.RowBytes(length);
        int scoreStride = keyBlocks * BlockColumns, tileStride = TTile.MaxBlocks * BlockColumns;

        var next = scratch.Get(keyBlocks * keyBytes + valueBlocks * valueBytes + queryBytes + packedBytes + (long)maxRows * codeRow
            + AlignedBuffer.Size<int>(maxRows * scoreStride) + AlignedBuffer.Size<int>(maxRows * tileStride) + AlignedBuffer.Size<int>(maxRows) + AlignedBuffer.Size<float>(maxRows));
        byte* Take(long bytes)
        {
            var address = next;
            next += bytes;
            return address;
        }

        var keys = Take(keyBlocks * keyBytes);
        var values = Take(valueBlocks * valueBytes);
        var queries = Take(queryBytes);
        var codes = Take((long)maxRows * codeRow);
        var packed = Take(packedBytes);
        var scores = (int*)Take(AlignedBuffer.Size<int>(maxRows * scoreStride));
        var tile = (int*)Take(AlignedBuffer.Size<int>(maxRows * tileStride));
        var z = (int*)Take(AlignedBuffer.Size<int>(maxRows));
        var rowScales = (float*)Take(AlignedBuffer.Size<float>(maxRows));

        // First code of this head.
        nint head = a.Key.Layout.IndexOf(work.Start, work.Head * d), context = a.Context.Layout.IndexOf(work.Start, work.Head * d);
        nint stride = a.Key.Layout.Width;
        var query = a.Query.From(a.Query.Layout.IndexOf(work.Start, work.Head * d));
        for (var block = 0; block < keyBlocks; block++)
        {
            var first = block * BlockColumns;
            TTile.PackColumns(a.Key.Int8 + head + first * stride, stride, Math.Min(BlockColumns, length - first), d, keys + block * keyBytes);
        }

        for (var block = 0; block < valueBlocks; block++)
        {
            var first = block * BlockColumns;
            TTile.PackValues(a.Value.Int8 + head + first, stride, Math.Min(BlockColumns, d - first), length, values + block * valueBytes);
        }

        var queryByKeys = Operands<TTile>(d, scoreStride);
        var codesByValues = Operands<TTile>(length, tileStride);
        for (var i = work.QueryBegin; i < work.QueryEnd; i += maxRows)
        {
            var rows = Math.Min(maxRows, work.QueryEnd - i);
            TTile.Rows(query.From(i * (nint)query.Layout.Width), rows, d, queries, packed: false).Place(ref queryByKeys, 0);
            for (var block = 0; block < keyBlocks; block += TTile.MaxBlocks)
            {
                // [rows, S]
                Multiply<TTile>(ref queryByKeys, rows, Math.Min(TTile.MaxBlocks, keyBlocks - block), keys + block * keyBytes, scores + block * BlockColumns);
            }

            TVectors.Softmax(scores, scoreStride, rows, length, a.ScoreMultiplier, codes, codeRow, z);
            for (var r = 0; r < rows; r++) rowScales[r] = a.Value.Quantizer.Scale / z[r];
            TTile.UnsignedRows(codes, codeRow, rows, length, packed).Place(ref codesByValues, 0);

            for (var block = 0; block < valueBlocks; block += TTile.MaxBlocks)
            {
                // [rows, 16 of D for each block]
                var blocks = Math.Min(TTile.MaxBlocks, valueBlocks - block);
                Multiply<TTile>(ref codesByValues, rows, blocks, values + block * valueBytes, tile);
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
    private static TileOperands Operands<TTile>(int k, int stride) where TTile : struct, IDenseTile
    {
        var blockBytes = (nint)TileSize.BlockBytes<TTile>(k);
        return new TileOperands
        {
            NextColumns = blockBytes,
            Depth = TileSize.Depth<TTile>(k),
            NextStart = blockBytes / sizeof(int),
            Stride = stride,
            NextC = BlockColumns,
        };
    }

    private static void Multiply<TTile>(ref TileOperands operands, int rows, int blocks, byte* block, int* c) where TTile : struct, IDenseTile
    {
        var a = operands.A;
        operands.Fetch = a;
        operands.Columns = block + TileSize.HeaderBytes;
        operands.Start = (int*)block;
        operands.C = c;
        operands.Claim = (byte*)c;
        operands.Tiles = 1;
        fixed (TileOperands* o = &operands) TTile.Multiply(rows, blocks, o);
        operands.A = a; // The same rows meet the next block.
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
            for (var c = 0; c < columns; c++) Quantize.Scalar(acc[r * stride + c] * scales[r], context, (nint)r * context.Layout.Width + c);
    }
}

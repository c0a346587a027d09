using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Int8Gemm
{
    // Blocks whose sums stay in the second-level cache (see BlockSplit.MaxRows) from one stretch of K to the next.
    private const int GroupBlocks = 8;

    /// <summary>Blocks whose int8 codes fill a cache line: an epilogue takes as many at once.</summary>
    public const int FinishBlocks = TileOperands.CacheLine / PackedLinear.BlockColumns;

    /// <summary>Packs all columns into blocks of 16.</summary>
    public static PackedLinear PackBlocks<TTile>(QuantizedLinear layer, WeightLayout layout) where TTile : struct, ITile
    {
        var packed = new PackedLinear(layer, layout, PackedLinear.BlocksOf(layer.Out) * TileSize.StoredBytes<TTile>(layer.In));
        fixed (sbyte* codes = layer.Int8Weight)
        {
            for (var block = 0; block < packed.Blocks; block++)
            {
                var column = block * PackedLinear.BlockColumns;
                TTile.PackWeights(codes + (nint)column * layer.In, Math.Min(PackedLinear.BlockColumns, layer.Out - column),
                    layer.In, packed.Block(block));
            }
        }

        return packed;
    }

    /// <summary>Linear layer on a register tile.</summary>
    /// <remarks>From the outside in: the rows, packed once where the tile does not read codes as they are; a group of blocks of columns, whose sums stay in the second-level
    /// cache; a stretch of K, whose codes stay there too; a block, whose stretch of weights is expanded into the first-level
    /// cache; the tiles of rows that meet it there. The last stretch ends with the epilogue.</remarks>
    public static void Tiled<TTile, TVectors>(PackedLinear weights, Codes x, in LinearOutput output, WorkRange range, WorkerScratch scratch)
        where TTile : struct, ITile
        where TVectors : struct, IVectorOperations
    {
        int k = weights.In, depth = TileSize.Depth<TTile>(k), rows = range.RowEnd - range.RowBegin;
        if (rows == 0) return;
        var stretches = Stretches<TTile>(depth);
        // Where sums wait for no other stretch, no more of them take room from weights and rows than an epilogue wants.
        var groupBlocks = stretches == 1 ? FinishBlocks : GroupBlocks;
        long rowsBytes = TTile.RoomForRows(rows, k), panelBytes = TTile.MaxDepth * TTile.DepthBytes;
        var room = scratch.Get(rowsBytes + panelBytes + (long)rows * PackedLinear.BlockColumns * groupBlocks * sizeof(int));
        var panel = room + rowsBytes;
        var sums = (int*)(panel + panelBytes);
        var a = TTile.Rows(x.From(x.Layout.IndexOf(range.RowBegin, 0)), rows, k, room, range.RowsPacked);

        for (var group = range.BlockBegin; group < range.BlockEnd; group += groupBlocks)
        {
            var groupEnd = Math.Min(group + groupBlocks, range.BlockEnd);
            FetchColumns(weights, group, groupEnd);
            for (var stretch = 0; stretch < stretches; stretch++)
            {
                var current = StretchOf<TTile>(depth, stretch, stretches);
                for (int block = group, finished = group; block < groupEnd; block += TTile.MaxBlocks)
                {
                    var done = Math.Min(block + TTile.MaxBlocks, groupEnd);
                    var fetch = done < groupEnd ? Fetch.Of<TTile>(weights, done, groupEnd, current)
                        : stretch + 1 < stretches ? Fetch.Of<TTile>(weights, group, groupEnd, StretchOf<TTile>(depth, stretch + 1, stretches))
                        : done < range.BlockEnd ? Fetch.Of<TTile>(weights, done, range.BlockEnd, StretchOf<TTile>(depth, 0, stretches))
                        : Fetch.FirstOf<TTile>(range.Next);
                    var blockSums = sums + (nint)(block - group) * rows * PackedLinear.BlockColumns;
                    Blocks<TTile>(weights, block, done - block, a, rows, current, panel, blockSums, fetch, stretch < stretches - 1 ? default : Claim.Of(range, block, done));
                    if (stretch < stretches - 1 || (done - finished < FinishBlocks && done < groupEnd)) continue;
                    var column = finished * PackedLinear.BlockColumns;
                    TVectors.Finish(output, sums + (nint)(finished - group) * rows * PackedLinear.BlockColumns, rows,
                        (float*)weights.Multipliers.Pointer + column, (float*)weights.Bias.Pointer + column,
                        range.RowBegin, column, Math.Min(done * PackedLinear.BlockColumns, weights.Out) - column);
                    finished = done;
                }
            }
        }
    }

    // sums[blocks, rows, 16] (+)= rows · blocks over one stretch of K.
    private static void Blocks<TTile>(
        PackedLinear weights, int block, int blocks, TileRows a, int rows, Stretch stretch, byte* panel, int* sums, Fetch fetch, Claim claim)
        where TTile : struct, ITile
    {
        var (begin, depth) = stretch;
        var stored = weights.Block(block);
        var sumsOfBlock = (nint)rows * PackedLinear.BlockColumns;
        var operands = new TileOperands
        {
            Columns = TTile.Expand(stored + TileSize.HeaderBytes + (nint)begin * TTile.StoredDepthBytes, depth, panel),
            NextColumns = weights.BlockBytes, // Tiles of several blocks multiply what is stored.
            Depth = depth,
            StartStride = begin == 0 ? 0 : PackedLinear.BlockColumns, // All rows start with the block's header, or each with its sums so far.
            NextStart = begin == 0 ? weights.BlockBytes / sizeof(int) : sumsOfBlock,
            Stride = PackedLinear.BlockColumns,
            NextC = sumsOfBlock,
        };
        a.Place(ref operands, (nint)begin * TTile.RowCodeBytes);
        var tiles = (rows + TTile.MaxRows - 1) / TTile.MaxRows;
        // As even as possible: no tile of a single row. The first `longer` have a row more.
        var (tileRows, longer) = Math.DivRem(rows, tiles);
        // Each tile fetches a part of one range: so many of the first one, and no fewer of the second, which a single tile leaves out.
        var fetchers = Math.Max(1, tiles / Math.Max(1, fetch.Ranges));
        var fetches = operands.FetchSteps * fetchers;
        operands.FetchBytes = (fetch.Bytes + fetches - 1) / fetches;
        operands.Fetch = fetch.Ranges == 0 ? stored : fetch.Start;
        var claims = operands.FetchSteps * tiles;
        operands.Claim = claim.Bytes == 0 ? (byte*)sums : claim.Start;
        operands.ClaimBytes = (claim.Bytes + claims - 1) / claims;
        operands.C = sums;
        operands.Start = begin == 0 ? (int*)stored : sums;
        for (var t = 0; t < tiles;)
        {
            // Tiles are alike until one has a row less or fetches from the other range.
            if (t == fetchers) operands.Fetch = fetch.Start + fetch.NextRange;
            var end = Math.Min(t < longer ? longer : tiles, t < fetchers ? fetchers : tiles);
            operands.Tiles = end - t;
            TTile.Multiply(t < longer ? tileRows + 1 : tileRows, blocks, &operands);
            t = end;
        }
    }
}

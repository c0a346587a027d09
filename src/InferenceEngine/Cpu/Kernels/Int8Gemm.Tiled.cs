using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Int8Gemm
{
    // Blocks whose sums stay in the second-level cache (see BlockQueue.MaxRows).
    private const int GroupBlocks = 8;
    private const int CacheLine = 64;

    // Blocks whose int8 codes fill a cache line, and rows that an epilogue takes at once.
    private const int FinishBlocks = CacheLine / PackedLinear.BlockColumns, FinishRows = 8;

    // With fewer rows the weights stream by so fast that asking for them costs more than it brings.
    private const int FetchRows = 64;

    /// <summary>Packs all columns into blocks of 16.</summary>
    public static PackedLinear PackBlocks<TTile>(QuantizedLinear layer, WeightLayout layout) where TTile : struct, ITile
    {
        var blockBytes = TileSize.StoredBytes<TTile>(layer.In);
        var packed = new PackedLinear(layer, layout, PackedLinear.BlocksOf(layer.Out) * blockBytes);
        fixed (sbyte* codes = layer.Int8Weight)
        {
            for (var block = 0; block < packed.Blocks; block++)
            {
                var column = block * PackedLinear.BlockColumns;
                TTile.PackWeights(codes + (nint)column * layer.In, Math.Min(PackedLinear.BlockColumns, layer.Out - column),
                    layer.In, packed.Weights.Pointer + block * blockBytes);
            }
        }

        return packed;
    }

    /// <summary>Linear layer on a register tile.</summary>
    /// <remarks>From the outside in: the rows, packed once; a group of blocks of columns, whose sums stay in the second-level
    /// cache; a stretch of K, whose codes stay there too; a block, whose stretch of weights is expanded into the first-level
    /// cache; the tiles of rows that meet it there. The last stretch ends with the epilogue.</remarks>
    public static void Tiled<TTile, TVectors>(PackedLinear weights, sbyte* x, in LinearOutput output, WorkRange range, WorkerScratch scratch)
        where TTile : struct, ITile
        where TVectors : struct, IVectorOperations
    {
        int k = weights.In, depth = TileSize.Depth<TTile>(k), rowBytes = TileSize.RowBytes<TTile>(k), rows = range.RowEnd - range.RowBegin;
        if (rows == 0) return;
        var stretches = (depth + TTile.MaxDepth - 1) / TTile.MaxDepth;
        long packedBytes = (long)rows * rowBytes, panelBytes = TTile.MaxDepth * TTile.DepthBytes;
        var packedRows = scratch.Get(packedBytes + panelBytes + (long)rows * PackedLinear.BlockColumns * GroupBlocks * sizeof(int));
        var panel = packedRows + packedBytes;
        var sums = (int*)(panel + panelBytes);
        if (!range.RowsPacked)
        {
            for (var r = 0; r < rows; r++) TTile.PackRow(x + (nint)(range.RowBegin + r) * k, k, packedRows + (nint)r * rowBytes);
        }

        for (var group = range.BlockBegin; group < range.BlockEnd; group += GroupBlocks)
        {
            var groupEnd = Math.Min(group + GroupBlocks, range.BlockEnd);
            for (var stretch = 0; stretch < stretches; stretch++)
            {
                var (first, last) = WorkRange.Part(depth / TTile.StepDepth, stretch, stretches);
                for (int block = group, finished = group; block < groupEnd; block += TTile.MaxBlocks)
                {
                    var blocks = Math.Min(TTile.MaxBlocks, groupEnd - block);
                    var blockSums = sums + (nint)(block - group) * rows * PackedLinear.BlockColumns;
                    Blocks<TTile>(weights, block, blocks, packedRows, rowBytes, rows, first * TTile.StepDepth, (last - first) * TTile.StepDepth, panel, blockSums);
                    var done = block + blocks;
                    if (stretch < stretches - 1 || (done - finished < FinishBlocks && done < groupEnd)) continue;
                    Finish<TVectors>(weights, finished, done, output, sums + (nint)(finished - group) * rows * PackedLinear.BlockColumns, range.RowBegin, rows);
                    finished = done;
                }
            }
        }
    }

    // sums[blocks, rows, 16] (+)= rows · blocks over one stretch of K.
    private static void Blocks<TTile>(
        PackedLinear weights, int block, int blocks, byte* packedRows, nint rowBytes, int rows, int begin, int depth, byte* panel, int* sums)
        where TTile : struct, ITile
    {
        var storedBytes = (nint)TileSize.StoredBytes<TTile>(weights.In);
        var stored = weights.Weights.Pointer + block * storedBytes;
        var stretch = TileSize.HeaderBytes + (nint)begin * TTile.StoredDepthBytes;
        var sumsOfBlock = (nint)rows * PackedLinear.BlockColumns;
        var operands = new TileOperands
        {
            RowBytes = rowBytes,
            Columns = TTile.Expand(stored + stretch, depth, panel),
            NextColumns = storedBytes, // Tiles of several blocks multiply what is stored.
            Depth = depth,
            StartStride = begin == 0 ? 0 : PackedLinear.BlockColumns, // All rows start with the block's header, or each with its sums so far.
            NextStart = begin == 0 ? storedBytes / sizeof(int) : sumsOfBlock,
            Stride = PackedLinear.BlockColumns,
            NextC = sumsOfBlock,
        };
        var tiles = (rows + TTile.MaxRows - 1) / TTile.MaxRows;
        // As even as possible: no tile of a single row. No division inside: a tile can be as short as a few of them.
        var (tileRows, longer) = Math.DivRem(rows, tiles);
        // Meanwhile the next blocks' stretch is fetched, by each tile a part of one block: a model's weights do not stay in any cache,
        // and a stretch is too short for the processor to notice that they are read in order.
        var next = stored + blocks * storedBytes + stretch;
        var nextBlocks = rows < FetchRows ? 0 : Math.Min(blocks, weights.Blocks - block - blocks);
        var fetchers = nextBlocks == 0 ? tiles : (tiles + nextBlocks - 1) / nextBlocks;
        var fetches = operands.FetchSteps * fetchers;
        operands.FetchBytes = nextBlocks == 0 ? 0 : (depth * TTile.StoredDepthBytes + fetches - 1) / fetches;
        operands.Fetch = next;
        for (int t = 0, row = 0; t < tiles; t++)
        {
            if (t == fetchers) operands.Fetch = next + storedBytes;
            var count = t < longer ? tileRows + 1 : tileRows;
            operands.A = packedRows + (nint)begin * TTile.RowCodeBytes + row * rowBytes;
            operands.C = sums + (nint)row * PackedLinear.BlockColumns;
            operands.Start = begin == 0 ? (int*)stored : operands.C;
            TTile.Multiply(count, blocks, &operands);
            operands.Fetch += operands.FetchSteps * operands.FetchBytes;
            row += count;
        }
    }

    // A few rows of all blocks, then the next rows: a cache line of the output is written in one go. When rows are a multiple of 4096
    // bytes apart, their lines displace each other.
    private static void Finish<TVectors>(PackedLinear weights, int blockBegin, int blockEnd, in LinearOutput output, int* sums, int row, int rows)
        where TVectors : struct, IVectorOperations
    {
        for (var r = 0; r < rows; r += FinishRows)
        {
            for (var block = blockBegin; block < blockEnd; block++)
            {
                var column = block * PackedLinear.BlockColumns;
                TVectors.Finish(output, sums + ((nint)(block - blockBegin) * rows + r) * PackedLinear.BlockColumns, Math.Min(FinishRows, rows - r),
                    (float*)weights.Multipliers.Pointer + column, (float*)weights.Bias.Pointer + column,
                    row + r, column, Math.Min(PackedLinear.BlockColumns, weights.Out - column));
            }
        }
    }
}

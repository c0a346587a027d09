using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

// Stretches of K, which of them a worker fetches while it multiplies another, and which lines it claims.
internal static unsafe partial class Int8Gemm
{
    private static int Stretches<TTile>(int depth) where TTile : struct, ITile => (depth + TTile.MaxDepth - 1) / TTile.MaxDepth;

    private static Stretch StretchOf<TTile>(int depth, int stretch, int stretches) where TTile : struct, ITile
    {
        var (begin, end) = WorkRange.Part(depth / TTile.StepDepth, stretch, stretches);
        return new Stretch(begin * TTile.StepDepth, (end - begin) * TTile.StepDepth);
    }

    // What the epilogue of some blocks will read, a cache line of each for every block: by the time it is wanted, it is there.
    private static void FetchColumns(PackedLinear weights, int block, int end)
    {
        for (; block < end; block++)
        {
            Sse.Prefetch0((float*)weights.Multipliers.Pointer + block * PackedLinear.BlockColumns);
            Sse.Prefetch0((float*)weights.Bias.Pointer + block * PackedLinear.BlockColumns);
        }
    }

    // Codes of K.
    private readonly record struct Stretch(int Begin, int Depth);

    // What is to be written soon. While some blocks are multiplied, as many lines of the panel in which their columns lie are claimed as fall to them.
    private readonly struct Claim
    {
        public byte* Start { get; private init; }

        public nint Bytes { get; private init; }

        public static Claim Of(WorkRange range, int block, int end)
        {
            if (range.Claims is not { } codes || codes.Layout.PanelStride == 0) return default;
            int width = codes.Layout.Width, column = block * PackedLinear.BlockColumns, columns = (end - block) * PackedLinear.BlockColumns;
            nint rows = range.RowEnd - range.RowBegin;
            var panel = codes.Layout.IndexOf(range.RowBegin, column / width * width);
            return new Claim { Start = (byte*)codes.Pointer + (panel + rows * (column % width)) * codes.CodeBytes, Bytes = rows * columns * codes.CodeBytes };
        }
    }

    // What is multiplied next: it is brought nearer meanwhile, because a model's weights do not stay in any cache and a
    // stretch is too short for the processor to notice that they are read in order.
    private readonly struct Fetch
    {
        public byte* Start { get; private init; }

        // Of each range.
        public nint Bytes { get; private init; }

        // From one range to the next.
        public nint NextRange { get; private init; }

        // None, one, or one for each block where only a stretch of it is wanted: whole blocks follow each other.
        public int Ranges { get; private init; }

        public static Fetch Of<TTile>(PackedLinear weights, int block, int end, Stretch stretch) where TTile : struct, ITile
        {
            // The header goes before the first stretch.
            var begin = stretch.Begin == 0 ? 0 : TileSize.HeaderBytes + (nint)stretch.Begin * TTile.StoredDepthBytes;
            var bytes = TileSize.HeaderBytes + (nint)(stretch.Begin + stretch.Depth) * TTile.StoredDepthBytes - begin;
            var blocks = Math.Min(TTile.MaxBlocks, end - block);
            var whole = bytes == weights.BlockBytes;
            return new Fetch
            {
                Start = weights.Block(block) + begin,
                Bytes = whole ? blocks * bytes : bytes,
                NextRange = weights.BlockBytes,
                Ranges = whole ? 1 : blocks,
            };
        }

        public static Fetch FirstOf<TTile>(NextWeights next) where TTile : struct, ITile
        {
            if (next.Layer is not { IsBlocks: true } layer) return default;
            var depth = TileSize.Depth<TTile>(layer.In);
            return Of<TTile>(layer, next.Block, layer.Blocks, StretchOf<TTile>(depth, 0, Stretches<TTile>(depth)));
        }
    }
}

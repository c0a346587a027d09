using QatKit.Core.Graph;
using QatKit.Sparsity;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Int8Gemm
{
    // Packed activations of one pass over the weights: they and a block of weights stay in a second-level cache.
    private const int ActivationBytes = 192 * 1024;

    /// <summary>Packs all columns into blocks of 16.</summary>
    public static PackedLinear PackDenseBlocks<TTile>(QuantizedLinear layer) where TTile : struct, IDenseTile
    {
        var blockBytes = TTile.BlockBytes(layer.In);
        var packed = new PackedLinear(layer, WeightLayout.DenseBlocks, PackedLinear.BlocksOf(layer.Out) * blockBytes);
        fixed (sbyte* codes = layer.Int8Weight)
        {
            for (var block = 0; block < packed.Blocks; block++)
            {
                var column = block * PackedLinear.BlockColumns;
                TTile.PackColumns(codes + (nint)column * layer.In, layer.In, Math.Min(PackedLinear.BlockColumns, layer.Out - column),
                    layer.In, packed.Weights.Pointer + block * blockBytes);
            }
        }

        return packed;
    }

    /// <summary>Packs the kept weights of all columns into blocks of 16.</summary>
    public static PackedLinear PackSparse24Blocks<TTile>(QuantizedLinear layer) where TTile : struct, ISparse24Tile
    {
        var matrix = Sparse24Matrix.Pack(layer.Int8Weight, layer.Out, layer.In, layer.Name);
        var blockBytes = TTile.BlockBytes(layer.In);
        var packed = new PackedLinear(layer, WeightLayout.Sparse24Blocks, PackedLinear.BlocksOf(layer.Out) * blockBytes);
        for (var block = 0; block < packed.Blocks; block++)
            TTile.PackBlock(matrix, block * PackedLinear.BlockColumns, packed.Weights.Pointer + block * blockBytes);
        return packed;
    }

    /// <summary>Linear layer on a register tile: rows are packed once per pass, then each block of columns meets all of them.</summary>
    public static void Tiled<TTile>(PackedLinear weights, sbyte* x, in LinearOutput output, WorkRange range, WorkerScratch scratch)
        where TTile : struct, ITile
    {
        int k = weights.In, rowBytes = TTile.RowBytes(k), maxRows = TTile.MaxRows;
        var blockBytes = TTile.BlockBytes(k);
        var pass = Math.Min(range.RowEnd - range.RowBegin, Math.Max(1, ActivationBytes / rowBytes / maxRows) * maxRows);
        var tile = (int*)scratch.Get(AlignedBuffer.Size<int>(maxRows * PackedLinear.BlockColumns) + (long)pass * rowBytes);
        var packedRows = (byte*)tile + AlignedBuffer.Size<int>(maxRows * PackedLinear.BlockColumns);
        float* multipliers = (float*)weights.Multipliers.Pointer, bias = (float*)weights.Bias.Pointer;
        for (var begin = range.RowBegin; begin < range.RowEnd; begin += pass)
        {
            var rows = Math.Min(pass, range.RowEnd - begin);
            for (var r = 0; r < rows; r++) TTile.PackRow(x + (nint)(begin + r) * k, k, packedRows + (nint)r * rowBytes);
            var tiles = (rows + maxRows - 1) / maxRows;
            for (var block = range.BlockBegin; block < range.BlockEnd; block++)
            {
                var column = block * PackedLinear.BlockColumns;
                var columns = Math.Min(PackedLinear.BlockColumns, weights.Out - column);
                for (var t = 0; t < tiles; t++)
                {
                    var (first, end) = WorkRange.Part(rows, t, tiles); // As even as possible: no tile of a single row.
                    TTile.Multiply(end - first, packedRows + (nint)first * rowBytes, weights.Weights.Pointer + block * blockBytes, k, tile, PackedLinear.BlockColumns);
                    Epilogue.DequantizeAvx2(tile, end - first, multipliers + column, bias + column);
                    Epilogue.Avx2(output, (float*)tile, end - first, begin + first, column, columns);
                }
            }
        }
    }
}

using QatKit.Sparsity;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>2:4 tile on AVX2: a step is one group of four k, whose two kept weights are int16.</summary>
/// <remarks>Block: 16 int32 zeros, then for each group: 16 columns × 2 int16 weights, and 16 columns × the byte indices
/// <c>2·p0, 2·p0+1, 2·p1, 2·p1+1</c> of the two activations.</remarks>
internal readonly unsafe struct Sparse24TileAvx2 : ISparse24Tile
{
    public static int MaxRows => Sparse24Tile.MaxRows;

    public static int RowBytes(int k) => WideRows.RowBytes(k);

    public static long BlockBytes(int k) => Sparse24Tile.HeaderBytes + k / 4L * Sparse24Tile.StepBytes;

    public static void PackRow(sbyte* source, int k, byte* destination) => WideRows.Pack(source, k, destination);

    public static void PackBlock(Sparse24Matrix matrix, int column, byte* block)
    {
        var groups = matrix.In / 4;
        new Span<byte>(block, (int)BlockBytes(matrix.In)).Clear();
        for (var n = 0; n < Math.Min(PackedLinear.BlockColumns, matrix.Out - column); n++)
        {
            for (var g = 0; g < groups; g++)
            {
                var step = block + Sparse24Tile.HeaderBytes + (nint)g * Sparse24Tile.StepBytes;
                var i = ((long)(column + n) * groups + g) * 2;
                for (var j = 0; j < 2; j++)
                {
                    var position = matrix.Positions[i / 4] >> (int)(i % 4 + j) * 2 & 3;
                    ((short*)step)[2 * n + j] = matrix.Values[i + j];
                    step[Sparse24Tile.IndexOffset + 4 * n + 2 * j] = (byte)(2 * position);
                    step[Sparse24Tile.IndexOffset + 4 * n + 2 * j + 1] = (byte)(2 * position + 1);
                }
            }
        }
    }

    public static void Multiply(int rows, byte* a, byte* block, int k, int* c, int stride) =>
        Sparse24Tile.Multiply<WideMultiplyAdd>(rows, a, RowBytes(k), block, k / 4, c, stride);
}

using QatKit.Sparsity;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>2:4 tile on AVX-VNNI: a step is two groups of four k, of which each column keeps four codes.</summary>
/// <remarks>Block: 16 int32 start values (−128 · column sum), then for each two groups: 16 columns × 4 kept codes, and 16 columns ×
/// 4 indices 0..7 of their activations.</remarks>
/// <typeparam name="TDot"><see cref="DotU8S8"/>; tests put an exact AVX2 emulation of the instruction here.</typeparam>
internal readonly unsafe struct Sparse24TileAvxVnni<TDot> : ISparse24Tile where TDot : struct, ITileOperation
{
    public static int MaxRows => Sparse24Tile.MaxRows;

    public static int RowBytes(int k) => ByteRows.RowBytes(k);

    public static long BlockBytes(int k) => Sparse24Tile.HeaderBytes + k / 8L * Sparse24Tile.StepBytes;

    public static void PackRow(sbyte* source, int k, byte* destination) => ByteRows.PackShifted(source, k, destination);

    public static void PackBlock(Sparse24Matrix matrix, int column, byte* block)
    {
        var steps = matrix.In / 8;
        new Span<byte>(block, (int)BlockBytes(matrix.In)).Clear();
        for (var n = 0; n < Math.Min(PackedLinear.BlockColumns, matrix.Out - column); n++)
        {
            var sum = 0;
            for (var s = 0; s < steps; s++)
            {
                var step = block + Sparse24Tile.HeaderBytes + (nint)s * Sparse24Tile.StepBytes + 4 * n;
                var source = (long)(column + n) * steps + s;
                for (var j = 0; j < 4; j++)
                {
                    var code = matrix.Values[4 * source + j];
                    step[j] = (byte)code;
                    step[Sparse24Tile.IndexOffset + j] = (byte)((matrix.Positions[source] >> 2 * j & 3) + (j < 2 ? 0 : 4));
                    sum += code;
                }
            }

            ((int*)block)[n] = -128 * sum;
        }
    }

    public static void Multiply(int rows, byte* a, byte* block, int k, int* c, int stride) =>
        Sparse24Tile.Multiply<TDot>(rows, a, RowBytes(k), block, k / 8, c, stride);
}

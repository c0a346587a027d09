using System.Runtime.CompilerServices;
using QatKit.Sparsity;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>What the stored 2:4 blocks of all tiers have in common.</summary>
internal static unsafe class Sparse24Block
{
    /// <summary>Writes zeros as start values, then for each two groups of four k: 16 columns × 4 kept codes, and 16 columns × 4
    /// indices 0..7 of their activations. Columns beyond the matrix are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(Sparse24Matrix matrix, int column, byte* stored)
    {
        var steps = matrix.In / Sparse24Tile.StepDepth;
        new Span<byte>(stored, TileSize.HeaderBytes + steps * Sparse24Tile.StepBytes).Clear();
        for (var n = 0; n < Math.Min(PackedLinear.BlockColumns, matrix.Out - column); n++)
        {
            var source = (long)(column + n) * steps; // 4 codes and a byte of four positions per step
            var step = stored + TileSize.HeaderBytes + 4 * n;
            for (var s = 0; s < steps; s++, source++, step += Sparse24Tile.StepBytes)
            {
                var positions = matrix.Positions[source];
                *(int*)step = Unsafe.ReadUnaligned<int>(ref Unsafe.As<sbyte, byte>(ref matrix.Values[4 * source]));
                *(int*)(step + Sparse24Tile.IndexOffset) = (positions & 3) | (positions >> 2 & 3) << 8 | (4 + (positions >> 4 & 3)) << 16 | (4 + (positions >> 6)) << 24;
            }
        }
    }
}

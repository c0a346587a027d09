using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QatKit.Sparsity;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>What the stored 2:4 blocks of all tiers have in common.</summary>
internal static unsafe class Sparse24Block
{
    // Four indices 0..7, one a byte, by the set of non-zero codes among eight: two of each group of four.
    private static readonly uint[] IndicesOf = [.. Enumerable.Range(0, 256).Select(Indices)];

    /// <summary>Writes zeros as start values, then for each two groups of four k: 16 columns × 4 kept codes, and 16 columns × 4
    /// indices 0..7 of their activations. Missing columns are zero.</summary>
    /// <remarks>Eight codes of a column at a time: compared with zero they give a set, the set four indices, and the indices
    /// shuffle the kept codes together. See <see cref="ITile.PackWeights"/>; no group has more than two non-zero codes.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(sbyte* source, int columns, int k, byte* stored)
    {
        var steps = k / Sparse24Tile.StepDepth;
        new Span<byte>(stored, TileSize.HeaderBytes + steps * Sparse24Tile.StepBytes).Clear();
        fixed (uint* indicesOf = IndicesOf)
        {
            for (var n = 0; n < columns; n++)
            {
                var column = source + (nint)n * k;
                var step = stored + TileSize.HeaderBytes + 4 * n;
                for (var s = 0; s < steps; s++, column += Sparse24Tile.StepDepth, step += Sparse24Tile.StepBytes)
                {
                    var codes = Vector128.CreateScalar(*(long*)column).AsByte();
                    var indices = indicesOf[(byte)~Sse2.MoveMask(Sse2.CompareEqual(codes, Vector128<byte>.Zero))];
                    *(uint*)step = Ssse3.Shuffle(codes, Vector128.CreateScalar(indices).AsByte()).AsUInt32().ToScalar();
                    *(uint*)(step + Sparse24Tile.IndexOffset) = indices;
                }
            }
        }
    }

    /// <summary>The same, with start values −128 · column sum for rows of <see cref="ByteRows"/>.</summary>
    public static void PackForShiftedRows(sbyte* source, int columns, int k, byte* stored)
    {
        Pack(source, columns, k, stored);
        for (var n = 0; n < columns; n++) ((int*)stored)[n] = -ByteRows.Offset * ByteRows.Sum(source + (nint)n * k, k);
    }

    private static uint Indices(int nonZero)
    {
        uint low = Sparse24Group.Positions(nonZero & 15), high = Sparse24Group.Positions(nonZero >> 4);
        return (low & 3) | (low >> 2 & 3) << 8 | (4 + (high & 3)) << 16 | (4 + (high >> 2 & 3)) << 24;
    }
}

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>One of the 512-bit tiles.</summary>
/// <param name="IsSparse">2:4, else dense.</param>
/// <param name="Blocks">Blocks of 16 columns, 1 to <see cref="MaxBlocks"/>.</param>
/// <param name="Rows">Rows, 1 to <see cref="MaxRows"/>.</param>
internal readonly record struct TileKernel(bool IsSparse, int Blocks, int Rows)
{
    // 24 accumulators of 32 registers. Two blocks share a row's broadcast: with one, loads would be the limit, not multiplications.
    public const int MaxRows = 12, MaxBlocks = 2;

    /// <summary>Longest stretch of K: 192 rows of it and twice two blocks stay in a second-level cache of 1 MB. The longer the better, because every
    /// tile begins and ends with loading and storing its sums; blocks need not lie in the first-level cache, since a step of 12 clocks reads 176 bytes.</summary>
    public const int MaxDepth = 3072;

    /// <summary>All of them, each at its <see cref="Index"/>.</summary>
    public static IReadOnlyList<TileKernel> All { get; } =
    [
        .. from sparse in new[] { false, true }
           from blocks in Enumerable.Range(1, MaxBlocks)
           from rows in Enumerable.Range(1, MaxRows)
           select new TileKernel(sparse, blocks, rows),
    ];

    /// <summary>Number of a kernel.</summary>
    public int Index => ((IsSparse ? MaxBlocks : 0) + Blocks - 1) * MaxRows + Rows - 1;
}

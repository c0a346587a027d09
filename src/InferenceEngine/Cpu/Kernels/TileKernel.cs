namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>One of the 512-bit tiles.</summary>
/// <param name="IsSparse">2:4, else dense.</param>
/// <param name="Blocks">Blocks of 16 columns, 1 to <see cref="MaxBlocks"/>.</param>
/// <param name="Rows">Rows, 1 to <see cref="MaxRows"/>.</param>
/// <param name="FetchesMore"><see cref="MaxFetchLines"/> cache lines in each step, instead of one; see <see cref="FetchLines"/>.</param>
internal readonly record struct TileKernel(bool IsSparse, int Blocks, int Rows, bool FetchesMore)
{
    // 24 accumulators of 32 registers. Two blocks share a row's broadcast: with one, loads would be the limit, not multiplications.
    public const int MaxRows = 12, MaxBlocks = 2;

    /// <summary>Longest stretch of K: 192 rows of it and twice two blocks stay in a second-level cache of 1 MB. The longer the better, because every
    /// tile begins and ends with loading and storing its sums; blocks need not lie in the first-level cache, since a step of 12 clocks reads 176 bytes.</summary>
    public const int MaxDepth = 3072;

    // While one tile multiplies two blocks, the next two come in: a step of each, and in few steps their headers.
    private const int MaxFetchLines = 5;

    /// <summary>The kernel for these operands.</summary>
    /// <remarks>A single row is multiplied as fast as weights stream, which the processor sees by itself.</remarks>
    public static unsafe TileKernel Of(bool isSparse, int blocks, int rows, TileOperands* operands) => new(isSparse, blocks, rows, rows > 1 && operands->FetchBytes > TileOperands.CacheLine);

    /// <summary>All of them, each at its <see cref="Index"/>.</summary>
    public static IReadOnlyList<TileKernel> All { get; } =
    [
        .. from more in new[] { false, true }
           from sparse in new[] { false, true }
           from blocks in Enumerable.Range(1, MaxBlocks)
           from rows in Enumerable.Range(1, MaxRows)
           select new TileKernel(sparse, blocks, rows, more),
    ];

    /// <summary>Cache lines fetched in each step, from <see cref="TileOperands.Fetch"/> on. Where many tiles share what is to be fetched, one is enough, and more cost up to
    /// 1.5 % of a pass; where they are few, lines that nobody asked for cost up to 30 %.</summary>
    public int FetchLines => FetchesMore ? MaxFetchLines : 1;

    /// <summary>Number of a kernel.</summary>
    public int Index => (((FetchesMore ? 2 : 0) + (IsSparse ? 1 : 0)) * MaxBlocks + Blocks - 1) * MaxRows + Rows - 1;
}

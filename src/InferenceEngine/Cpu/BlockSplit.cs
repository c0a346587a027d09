namespace QatKit.InferenceEngine.Cpu;

/// <summary>How the blocks of a linear layer are divided among workers: into units of so many blocks as a tile takes, numbered so that all of the first
/// rows come before those of the next; each worker's share is a stretch of them.</summary>
internal readonly record struct BlockSplit
{
    // Most rows of a piece: they share one expansion of the weights, and their sums for a group of blocks and their codes of one
    // stretch of K stay in a second-level cache of 512 KB: 192 · 16 · 8 · 4 = 96 KB and at most 192 · 512 · 2 = 192 KB.
    private const int MaxRows = 192;

    // Fewer rows would be multiplied by weights that have hardly come.
    private const int LeastRows = 16;

    private readonly int _rowParts;

    /// <param name="rows">M.</param>
    /// <param name="blocks">Blocks of N. Rows are split only where there are too many for one piece, or where workers would be idle.</param>
    /// <param name="unit">Blocks that a tile takes at once: a piece has a multiple of them, but for the last of a row.</param>
    /// <param name="workers">Who will take.</param>
    public BlockSplit(int rows, int blocks, int unit, int workers)
    {
        (Rows, Blocks, Unit, Workers) = (rows, blocks, unit, workers);
        Units = (blocks + unit - 1) / unit;
        _rowParts = RowPartsFor(Units);
    }

    /// <summary>M.</summary>
    public int Rows { get; }

    /// <summary>Blocks of N.</summary>
    public int Blocks { get; }

    /// <summary>Blocks of a unit.</summary>
    public int Unit { get; }

    /// <summary>Who takes.</summary>
    public int Workers { get; }

    /// <summary>Units of a part of the rows.</summary>
    public int Units { get; }

    /// <summary>The units that are a worker's.</summary>
    public (int Begin, int End) ShareOf(int worker) => WorkRange.Part(_rowParts * Units, worker, Workers);

    /// <summary>How many of the units <paramref name="begin"/> .. <paramref name="end"/> − 1 are of the same rows as the first.</summary>
    public int SameRows(int begin, int end) => Math.Min(Units - begin % Units, end - begin);

    /// <summary>First block of a unit.</summary>
    public int BlockOf(int unit) => unit % Units * Unit;

    /// <summary>The block with which a worker begins.</summary>
    public int FirstBlockOf(int worker) => BlockOf(ShareOf(worker).Begin);

    /// <summary>Rows and blocks of some units of the same rows.</summary>
    public WorkRange Range(int begin, int end)
    {
        var (part, unit) = Math.DivRem(begin, Units);
        var (rowBegin, rowEnd) = WorkRange.Part(Rows, part, _rowParts);
        return new WorkRange(rowBegin, rowEnd, unit * Unit, Math.Min((unit + end - begin) * Unit, Blocks));
    }

    // The fewest parts of rows, unless with more of them the worker that has most to do has an eighth less: each part reads all weights.
    private int RowPartsFor(int units)
    {
        var parts = (Rows + MaxRows - 1) / MaxRows;
        var most = MostRows(parts, units);
        for (int more = parts + 1, last = Math.Min(Rows / LeastRows, Workers); more <= last; more++)
        {
            var rows = MostRows(more, units);
            if (rows * 8 <= most * 7) (parts, most) = (more, rows);
        }

        return parts;
    }

    // Rows times units of the worker with the largest share.
    private long MostRows(int parts, int units) =>
        ((long)parts * units + Workers - 1) / Workers * ((Rows + parts - 1) / parts);
}

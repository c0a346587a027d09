namespace QatKit.InferenceEngine.Cpu;

/// <summary>The blocks of one linear layer, which workers take as they become free.</summary>
/// <remarks>Guided: a worker takes half of its fair share of what is left, so pieces are large at first, when the input is packed
/// for many blocks at once, and small at the end, when one slower worker would keep the others waiting. Results do not depend on who computes what.</remarks>
internal sealed class BlockQueue
{
    // Most rows of a piece: they share one expansion of the weights, and their sums for a group of blocks and their codes of one
    // stretch of K stay in a second-level cache of 512 KB: 192 · 16 · 8 · 4 = 96 KB and at most 192 · 512 · 2 = 192 KB.
    private const int MaxRows = 192;

    private int _rows;
    private int _rowParts;
    private int _blocks;
    private int _unit;
    private int _workers;

    // Of rowParts · blocks items, all blocks of the first rows before those of the next.
    private int _next;

    /// <summary>Offers a layer. No worker may be taking from the queue.</summary>
    /// <param name="rows">M.</param>
    /// <param name="blocks">Blocks of N. Rows are split only where there are too many for one piece, or fewer blocks than workers.</param>
    /// <param name="unit">Blocks that a tile takes at once: a piece has a multiple of them, but for the last.</param>
    /// <param name="workers">Who will take.</param>
    public void Fill(int rows, int blocks, int unit, int workers)
    {
        _rows = rows;
        _rowParts = Math.Min(rows, Math.Max((rows + MaxRows - 1) / MaxRows, workers / blocks));
        _blocks = blocks;
        _unit = unit;
        _workers = workers;
        _next = 0;
    }

    /// <summary>Takes some blocks; false when none are left.</summary>
    public bool TryTake(out WorkRange range)
    {
        while (true)
        {
            var next = Volatile.Read(ref _next);
            var left = _rowParts * _blocks - next;
            if (left <= 0)
            {
                range = default;
                return false;
            }

            var (part, block) = Math.DivRem(next, _blocks);
            var fair = _workers == 1 ? left : (left + 2 * _workers - 1) / (2 * _workers);
            var count = Math.Min((fair + _unit - 1) / _unit * _unit, _blocks - block);
            if (Interlocked.CompareExchange(ref _next, next + count, next) != next) continue;
            var (begin, end) = WorkRange.Part(_rows, part, _rowParts);
            range = new WorkRange(begin, end, block, block + count);
            return true;
        }
    }
}

using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>The blocks of one linear layer, shared out among workers.</summary>
/// <remarks>A worker takes half of what is left of its share at a time, so that the input is packed for many blocks at once and its weights
/// follow each other in memory, and then half of what is left of another's. Results do not depend on who computes what.</remarks>
internal sealed class BlockQueue
{
    // Most rows of a piece: they share one expansion of the weights, and their sums for a group of blocks and their codes of one
    // stretch of K stay in a second-level cache of 512 KB: 192 · 16 · 8 · 4 = 96 KB and at most 192 · 512 · 2 = 192 KB.
    private const int MaxRows = 192;

    // Fewer rows would be multiplied by weights that have hardly come.
    private const int LeastRows = 16;

    // Of units: all of the first rows before those of the next.
    private readonly WorkShares _shares;

    private int _rows, _rowParts, _blocks, _unit, _units, _workers;

    /// <param name="maxWorkers">Most workers that will take.</param>
    public BlockQueue(int maxWorkers) => _shares = new WorkShares(maxWorkers);

    /// <summary>Offers a layer. No worker may be taking from the queue.</summary>
    /// <param name="rows">M.</param>
    /// <param name="blocks">Blocks of N. Rows are split only where there are too many for one piece, or where workers would be idle.</param>
    /// <param name="unit">Blocks that a tile takes at once: a piece has a multiple of them, but for the last of a row.</param>
    /// <param name="workers">Who will take.</param>
    public void Fill(int rows, int blocks, int unit, int workers)
    {
        _rows = rows;
        _blocks = blocks;
        _unit = unit;
        _units = UnitsOf(blocks);
        _workers = workers;
        _rowParts = RowPartsFor(_units);
        _shares.Fill(_rowParts * _units, workers);
    }

    /// <summary>Where a worker's share of another layer would begin, offered to the same workers for the same rows.</summary>
    public int FirstBlockOf(int worker, int blocks)
    {
        var units = UnitsOf(blocks);
        return WorkRange.Part(RowPartsFor(units) * units, worker, _workers).Begin % units * _unit;
    }

    /// <summary>Takes some blocks; false when none are left.</summary>
    /// <param name="worker">Who takes.</param>
    /// <param name="help">From the shares of others too, when the worker's own is done.</param>
    /// <param name="range">The blocks.</param>
    /// <param name="next">The block with which the worker's share goes on; −1 at its end.</param>
    public bool TryTake(int worker, bool help, out WorkRange range, out int next)
    {
        next = -1;
        while (true)
        {
            var (begin, end) = _shares.Left(worker);
            if (begin >= end) break;
            var rest = begin + CountFromFront(begin, end);
            if (!_shares.TryReplace(worker, (begin, end), (rest, end))) continue;
            range = Range(begin, rest);
            if (rest < end) next = rest % _units * _unit;
            return true;
        }

        while (help && _shares.TryFindLargest(out var victim, out var left))
        {
            // Of the last rows only.
            var rest = left.End - Math.Min((left.End - left.Begin + 1) / 2, (left.End - 1) % _units + 1);
            if (!_shares.TryReplace(victim, left, (left.Begin, rest))) continue;
            range = Range(rest, left.End);
            return true;
        }

        range = default;
        return false;
    }

    /// <summary>Takes all that is left of a worker's share, of the same rows.</summary>
    public bool TryTakeShare(int worker, out WorkRange range)
    {
        while (true)
        {
            var (begin, end) = _shares.Left(worker);
            var rest = Math.Min(end, (begin / _units + 1) * _units);
            range = default;
            if (begin >= end) return false;
            if (!_shares.TryReplace(worker, (begin, end), (rest, end))) continue;
            range = Range(begin, rest);
            return true;
        }
    }

    private int CountFromFront(int begin, int end)
    {
        var count = _workers == 1 ? end - begin : (end - begin + 1) / 2;
        // Whole cache lines of an int8 output, while there are enough.
        var line = Math.Max(1, Int8Gemm.FinishBlocks / _unit);
        if (count > line) count = Math.Min((count + line - 1) / line * line, end - begin);
        return Math.Min(count, _units - begin % _units);
    }

    private WorkRange Range(int begin, int end)
    {
        var (part, unit) = Math.DivRem(begin, _units);
        var (rowBegin, rowEnd) = WorkRange.Part(_rows, part, _rowParts);
        return new WorkRange(rowBegin, rowEnd, unit * _unit, Math.Min((unit + end - begin) * _unit, _blocks));
    }

    // The fewest parts of rows, unless with more of them the worker that has most to do has an eighth less: each part reads all weights.
    private int RowPartsFor(int units)
    {
        var parts = (_rows + MaxRows - 1) / MaxRows;
        var most = MostRows(parts, units);
        for (int more = parts + 1, last = Math.Min(_rows / LeastRows, _workers); more <= last; more++)
        {
            var rows = MostRows(more, units);
            if (rows * 8 <= most * 7) (parts, most) = (more, rows);
        }

        return parts;
    }

    // Rows times units of the worker with the largest share.
    private long MostRows(int parts, int units) =>
        ((long)parts * units + _workers - 1) / _workers * ((_rows + parts - 1) / parts);

    private int UnitsOf(int blocks) => (blocks + _unit - 1) / _unit;
}

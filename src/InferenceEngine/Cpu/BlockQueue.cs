using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>The blocks of one linear layer that are still to be computed.</summary>
/// <remarks>A worker takes half of what is left of its share at a time, so that the input is packed for many blocks at once and its weights
/// follow each other in memory, and then half of what is left of another's. Results do not depend on who computes what.</remarks>
internal sealed class BlockQueue
{
    private readonly WorkShares _shares;

    /// <param name="maxWorkers">Most workers that will take.</param>
    public BlockQueue(int maxWorkers) => _shares = new WorkShares(maxWorkers);

    /// <summary>Offers a worker's share of a layer. Once every worker has offered its own, all may take.</summary>
    public void Offer(in BlockSplit split, int worker) => _shares.Offer(worker, split.ShareOf(worker));

    /// <summary>Takes some blocks; false when none are left.</summary>
    /// <param name="split">What was offered.</param>
    /// <param name="worker">Who takes.</param>
    /// <param name="help">From the shares of others too, when the worker's own is done.</param>
    /// <param name="range">The blocks.</param>
    /// <param name="next">The block with which the worker's share goes on; −1 at its end.</param>
    public bool TryTake(in BlockSplit split, int worker, bool help, out WorkRange range, out int next)
    {
        next = -1;
        while (true)
        {
            var (begin, end) = _shares.Left(worker);
            if (begin >= end) break;
            var rest = begin + CountFromFront(split, begin, end);
            if (!_shares.TryReplace(worker, (begin, end), (rest, end))) continue;
            range = split.Range(begin, rest);
            if (rest < end) next = split.BlockOf(rest);
            return true;
        }

        while (help && _shares.TryFindLargest(split.Workers, out var victim, out var left))
        {
            // Of the last rows only.
            var rest = left.End - Math.Min((left.End - left.Begin + 1) / 2, (left.End - 1) % split.Units + 1);
            if (!_shares.TryReplace(victim, left, (left.Begin, rest))) continue;
            range = split.Range(rest, left.End);
            return true;
        }

        range = default;
        return false;
    }

    private static int CountFromFront(in BlockSplit split, int begin, int end)
    {
        var count = split.Workers == 1 ? end - begin : (end - begin + 1) / 2;
        // Whole cache lines of an int8 output, while there are enough.
        var line = Math.Max(1, Int8Gemm.FinishBlocks / split.Unit);
        if (count > line) count = Math.Min((count + line - 1) / line * line, end - begin);
        return Math.Min(count, split.SameRows(begin, end));
    }
}

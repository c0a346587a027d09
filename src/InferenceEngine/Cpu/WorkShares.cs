namespace QatKit.InferenceEngine.Cpu;

/// <summary>Numbered items of work. Each worker has a share of its own, which it takes from the front, and when that is done takes from the
/// end of the largest that is left, so that one slower worker does not keep the others waiting.</summary>
/// <remarks>Stages share their items out alike, so that a worker finds in its own cache most of what it wrote in the stage before.</remarks>
internal sealed class WorkShares
{
    // Items begin .. end − 1, one in either half of the word.
    private readonly SharedWord[] _shares;

    /// <param name="maxWorkers">Most workers that will take.</param>
    public WorkShares(int maxWorkers) => _shares = new SharedWord[maxWorkers];

    /// <summary>Offers a worker's share. Once every worker has offered its own, all may take.</summary>
    public void Offer(int worker, (int Begin, int End) share) => Volatile.Write(ref _shares[worker].Value, Pack(share));

    /// <summary>Takes one item; false when none is left.</summary>
    /// <param name="worker">Who takes.</param>
    /// <param name="workers">Who have offered.</param>
    /// <param name="item">The item.</param>
    public bool TryTake(int worker, int workers, out int item)
    {
        while (true)
        {
            var (begin, end) = Left(worker);
            item = begin;
            if (begin >= end) break;
            if (TryReplace(worker, (begin, end), (begin + 1, end))) return true;
        }

        while (TryFindLargest(workers, out var victim, out var left))
        {
            item = left.End - 1;
            if (TryReplace(victim, left, (left.Begin, item))) return true;
        }

        return false;
    }

    /// <summary>What is left of a worker's share.</summary>
    public (int Begin, int End) Left(int worker)
    {
        var share = Volatile.Read(ref _shares[worker].Value);
        return ((int)(share >> 32), (int)share);
    }

    /// <summary>The one of so many workers of whose share most is left; false when nothing is.</summary>
    public bool TryFindLargest(int workers, out int worker, out (int Begin, int End) left)
    {
        (worker, left) = (-1, default);
        for (var w = 0; w < workers; w++)
        {
            var share = Left(w);
            if (share.End - share.Begin > left.End - left.Begin) (worker, left) = (w, share);
        }

        return worker >= 0;
    }

    /// <summary>Puts <paramref name="rest"/> in the place of <paramref name="left"/>, unless another worker was faster.</summary>
    public bool TryReplace(int worker, (int Begin, int End) left, (int Begin, int End) rest) =>
        Interlocked.CompareExchange(ref _shares[worker].Value, Pack(rest), Pack(left)) == Pack(left);

    private static long Pack((int Begin, int End) share) => ((long)share.Begin << 32) | (uint)share.End;
}

namespace QatKit.InferenceEngine.Cpu;

/// <summary>Numbered items of work. Each worker has a share of its own, which it takes from the front, and when that is done takes from the
/// end of the largest that is left, so that one slower worker does not keep the others waiting.</summary>
/// <remarks>Stages share their items out alike, so that a worker finds in its own cache most of what it wrote in the stage before.</remarks>
internal sealed class WorkShares
{
    // Shares lie two cache lines apart: processors fetch lines in pairs.
    private const int Spread = 2 * 64 / sizeof(long);

    // Items begin .. end − 1, one in either half of the word.
    private readonly long[] _shares;

    private int _workers;

    /// <param name="maxWorkers">Most workers that will take.</param>
    public WorkShares(int maxWorkers) => _shares = new long[maxWorkers * Spread];

    /// <summary>Offers items. No worker may be taking.</summary>
    public void Fill(int items, int workers)
    {
        _workers = workers;
        for (var w = 0; w < workers; w++) _shares[w * Spread] = Pack(WorkRange.Part(items, w, workers));
    }

    /// <summary>Takes one item; false when none is left.</summary>
    public bool TryTake(int worker, out int item)
    {
        while (true)
        {
            var (begin, end) = Left(worker);
            item = begin;
            if (begin >= end) break;
            if (TryReplace(worker, (begin, end), (begin + 1, end))) return true;
        }

        while (TryFindLargest(out var victim, out var left))
        {
            item = left.End - 1;
            if (TryReplace(victim, left, (left.Begin, item))) return true;
        }

        return false;
    }

    /// <summary>What is left of a worker's share.</summary>
    public (int Begin, int End) Left(int worker)
    {
        var share = Volatile.Read(ref _shares[worker * Spread]);
        return ((int)(share >> 32), (int)share);
    }

    /// <summary>The worker of whose share most is left; false when nothing is.</summary>
    public bool TryFindLargest(out int worker, out (int Begin, int End) left)
    {
        (worker, left) = (-1, default);
        for (var w = 0; w < _workers; w++)
        {
            var share = Left(w);
            if (share.End - share.Begin > left.End - left.Begin) (worker, left) = (w, share);
        }

        return worker >= 0;
    }

    /// <summary>Puts <paramref name="rest"/> in the place of <paramref name="left"/>, unless another worker was faster.</summary>
    public bool TryReplace(int worker, (int Begin, int End) left, (int Begin, int End) rest) =>
        Interlocked.CompareExchange(ref _shares[worker * Spread], Pack(rest), Pack(left)) == Pack(left);

    private static long Pack((int Begin, int End) share) => ((long)share.Begin << 32) | (uint)share.End;
}

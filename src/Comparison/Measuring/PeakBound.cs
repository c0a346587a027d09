namespace QatKit.Comparison.Measuring;

/// <summary>What the processor did without memory, in turn with others: the roof over their rates.</summary>
/// <param name="Operations">Multiplications and additions that each of the others computes.</param>
/// <param name="Rates">Giga-operations per second of each load, by its threads; none where the tier has no instruction for it.</param>
internal sealed record PeakBound(double Operations, IReadOnlyDictionary<int, double> Rates)
{
    /// <summary>Below this time on one thread there is no share of several threads: handing work over takes 10 to 20 microseconds, and of a
    /// load of not many more that is what is measured.</summary>
    public const double LeastMilliseconds = 0.1;

    /// <summary>The best rate on at most so many threads; null without loads.</summary>
    /// <remarks>A small load is done sooner by one thread than by several.</remarks>
    public double? Rate(int threads) => Rates.Where(r => r.Key <= threads).Max(r => (double?)r.Value);

    /// <summary>A rate as a share of that; null where it would mean nothing.</summary>
    /// <param name="threads">Threads that reached the rate.</param>
    /// <param name="rate">Giga-operations per second.</param>
    public double? Share(int threads, double rate) =>
        threads > 1 && Operations / Rate(1) < LeastMilliseconds * 1e6 ? null : rate / Rate(threads);
}

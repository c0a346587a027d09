using QatKit.Comparison.Measuring;
using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.Comparison.Tests;

public sealed class PeakBoundTests
{
    [Fact]
    public void A_rate_is_a_share_of_the_best_that_at_most_as_many_threads_reach()
    {
        var bound = Bound(1e9, (1, 100), (2, 190), (4, 150));
        Assert.Equal(0.5, bound.Share(1, 50));
        Assert.Equal(0.5, bound.Share(2, 95));
        Assert.Equal(0.5, bound.Share(4, 95)); // Two threads were better than four.
    }

    [Fact]
    public void A_load_that_is_not_shared_in_time_has_no_share_of_several_threads()
    {
        // 0.1 ms on one thread is the limit.
        Assert.Equal(0.25, Bound(1e7, (1, 100), (2, 200)).Share(2, 50));
        var small = Bound(0.99e7, (1, 100), (2, 20));
        Assert.Null(small.Share(2, 15));
        Assert.Equal(0.5, small.Share(1, 50));
        Assert.Equal(100, small.Rate(2));
    }

    [Fact]
    public void Without_loads_there_is_nothing_to_compare_with()
    {
        using var none = new PeakContenders(null, 1e9, [2]);
        Assert.Empty(none.Loads);
        Assert.Null(none.Bound([]).Rate(2));
        Assert.Null(none.Bound([]).Share(2, 50));
    }

    [Fact]
    public void Loads_run_on_one_thread_and_on_those_of_the_others()
    {
        Assert.SkipWhen(PeakRate.Instructions.Count == 0, "This processor has none of the measured instructions.");
        using var peaks = new PeakContenders(PeakRate.Instructions[0], 1e7, [3, 2, 3]);
        Assert.Equal([1, 2, 3], peaks.Loads.Select(l => l.Threads));
        var bound = peaks.Bound([new Timing(1, 2, 3, 9), new Timing(1, 1, 3, 9), new Timing(1, 4, 3, 9)]);
        // Of what a load computes, which is a little more than it was asked for.
        Assert.InRange(bound.Rates[1], 5, 5.1);
        Assert.InRange(bound.Rates[2], 10, 10.2);
        Assert.InRange(bound.Rates[3], 2.5, 2.55);
    }

    private static PeakBound Bound(double operations, params (int Threads, double Rate)[] rates) => new(operations, rates.ToDictionary(r => r.Threads, r => r.Rate));
}

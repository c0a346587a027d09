using QatKit.Comparison.Measuring;

namespace QatKit.Comparison.Tests;

public sealed class AlternatingTimerTests
{
    [Fact]
    public void Contenders_take_turns_and_another_one_begins_each_round()
    {
        List<char> order = [];
        void Call(char name)
        {
            // Consecutive calls of one contender are one turn.
            if (order.Count == 0 || order[^1] != name) order.Add(name);
        }

        var timings = AlternatingTimer.Measure([() => Call('a'), () => Call('b'), () => Call('c')], 3, TestContext.Current.CancellationToken);
        // Warm-up, then the rounds a b c, b c a, c a b; a turn that follows a turn of the same contender joins it.
        Assert.Equal("abcabcbcacab", string.Concat(order));
        Assert.All(timings, t => Assert.Equal(3, t.Rounds));
    }

    [Fact]
    public void A_slower_contender_has_longer_times()
    {
        var timings = AlternatingTimer.Measure([() => Thread.SpinWait(20_000), () => Thread.SpinWait(2_000_000)], 5, TestContext.Current.CancellationToken);
        Assert.True(timings[1].MedianMilliseconds > 10 * timings[0].MedianMilliseconds, $"{timings[0]}, {timings[1]}");
    }

    [Fact]
    public void Percentiles_are_nearest_ranks() =>
        Assert.Equal(new Timing(1, 5, 9, 10), Timing.Of([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]));

    [Fact]
    public void A_cancelled_measurement_ends()
    {
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => AlternatingTimer.Measure([source.Cancel], 1000, source.Token));
    }
}

using QatKit.Comparison.Measuring;

namespace QatKit.Comparison.Tests;

public sealed class AlternatingTimerTests
{
    [Fact]
    public void Contenders_take_turns_and_each_follows_every_other()
    {
        List<char> order = [];
        void Call(char name)
        {
            // Consecutive calls of one contender are one turn.
            if (order.Count == 0 || order[^1] != name) order.Add(name);
        }

        var timings = AlternatingTimer.Measure([() => Call('a'), () => Call('b'), () => Call('c')], 12, TestContext.Current.CancellationToken);
        var pairs = order.Skip(3).Zip(order.Skip(4), (before, after) => $"{before}{after}").Distinct().Order(StringComparer.Ordinal); // After the warm-up.
        Assert.Equal(["ab", "ac", "ba", "bc", "ca", "cb"], pairs);
        Assert.All(timings, t => Assert.Equal(12, t.Rounds));
    }

    [Fact]
    public void A_slower_contender_has_longer_times()
    {
        var timings = AlternatingTimer.Measure([() => Thread.SpinWait(20_000), () => Thread.SpinWait(2_000_000)], 5, TestContext.Current.CancellationToken);
        Assert.True(timings[1].MedianMilliseconds > 10 * timings[0].MedianMilliseconds, $"{timings[0]}, {timings[1]}");
    }

    [Fact]
    public void Samples_are_ranked_in_any_order() =>
        Assert.Equal(new Timing(1, 5, 9, 10), Timing.Of([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]));

    [Fact]
    public void A_cancelled_measurement_ends()
    {
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => AlternatingTimer.Measure([source.Cancel], 1000, source.Token));
    }
}

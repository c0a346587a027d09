using QatKit.InferenceEngine.Cpu;

namespace QatKit.InferenceEngine.Tests.Session;

/// <summary>Every item is taken once, whoever takes it.</summary>
public sealed class WorkSharesTests
{
    [Fact]
    public void A_worker_takes_its_own_items_in_order_and_then_the_last_of_whoever_has_most_left()
    {
        var shares = new WorkShares(3);
        Offer(shares, 9, 3);
        Assert.True(shares.TryTake(1, 3, out var first));
        Assert.Equal(3, first);
        var order = new List<int>();
        while (shares.TryTake(0, 3, out var item)) order.Add(item);
        Assert.Equal([0, 1, 2, 8, 5, 7, 4, 6], order);
    }

    [Fact]
    public void Concurrent_workers_take_every_item_once()
    {
        const int Workers = 4, Items = 3001;
        var shares = new WorkShares(Workers);
        var taken = new int[Items];
        for (var round = 1; round <= 50; round++)
        {
            Offer(shares, Items, Workers);
            Parallel.For(0, Workers, w =>
            {
                while (shares.TryTake(w, Workers, out var item)) Interlocked.Increment(ref taken[item]);
            });
            Assert.All(taken, count => Assert.Equal(round, count));
        }
    }

    [Fact]
    public void Fewer_workers_than_there_is_room_for_take_everything()
    {
        var shares = new WorkShares(8);
        Offer(shares, 100, 8);
        Offer(shares, 5, 2);
        var items = new List<int>();
        while (shares.TryTake(1, 2, out var item)) items.Add(item);
        Assert.Equal([0, 1, 2, 3, 4], items.Order());
    }

    private static void Offer(WorkShares shares, int items, int workers)
    {
        for (var w = 0; w < workers; w++) shares.Offer(w, WorkRange.Part(items, w, workers));
    }
}

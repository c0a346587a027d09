using QatKit.InferenceEngine.Cpu;

namespace QatKit.InferenceEngine.Tests.Session;

/// <summary>However workers take from a queue, every block of every row is taken once.</summary>
public sealed class BlockQueueTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(16, 1)]
    [InlineData(1, 2)]
    [InlineData(2, 2)]
    [InlineData(16, 2)]
    public void Every_block_of_every_row_is_taken_once(int workers, int unit)
    {
        var queue = new BlockQueue();
        foreach (var rows in new[] { 1, 2, 5, 128, 192, 193, 1000 })
        {
            foreach (var blocks in new[] { 1, 2, 3, 7, 48, 192 })
            {
                queue.Fill(rows, blocks, unit, workers);
                var taken = new int[rows, blocks];
                while (queue.TryTake(out var range))
                {
                    for (var r = range.RowBegin; r < range.RowEnd; r++)
                        for (var b = range.BlockBegin; b < range.BlockEnd; b++) taken[r, b]++;
                }

                Assert.All(taken.Cast<int>(), count => Assert.Equal(1, count));
            }
        }
    }

    [Fact]
    public void Concurrent_workers_share_every_block_out()
    {
        const int Workers = 4, Blocks = 5000;
        var queue = new BlockQueue();
        var taken = new int[Blocks];
        for (var round = 0; round < 20; round++)
        {
            queue.Fill(1, Blocks, 2, Workers);
            Parallel.For(0, Workers, _ =>
            {
                while (queue.TryTake(out var range))
                    for (var b = range.BlockBegin; b < range.BlockEnd; b++) Interlocked.Increment(ref taken[b]);
            });
            Assert.All(taken, count => Assert.Equal(round + 1, count));
        }
    }

    [Fact]
    public void Pieces_are_large_at_first_and_single_blocks_at_the_end()
    {
        var queue = new BlockQueue();
        queue.Fill(128, 48, 1, 2);
        var sizes = new List<int>();
        while (queue.TryTake(out var range)) sizes.Add(range.BlockEnd - range.BlockBegin);
        Assert.Equal([12, 9, 7, 5, 4, 3, 2, 2, 1, 1, 1, 1], sizes);
    }

    [Theory]
    [InlineData(48, new[] { 12, 10, 8, 6, 4, 2, 2, 2, 2 })]
    [InlineData(7, new[] { 2, 2, 2, 1 })]
    public void Pieces_are_whole_tiles_but_for_the_last(int blocks, int[] expected)
    {
        var queue = new BlockQueue();
        queue.Fill(128, blocks, 2, 2);
        var sizes = new List<int>();
        while (queue.TryTake(out var range)) sizes.Add(range.BlockEnd - range.BlockBegin);
        Assert.Equal(expected, sizes);
    }

    [Fact]
    public void One_worker_takes_everything_at_once()
    {
        var queue = new BlockQueue();
        queue.Fill(128, 48, 1, 1);
        Assert.True(queue.TryTake(out var range));
        Assert.Equal(new WorkRange(0, 128, 0, 48), range);
        Assert.False(queue.TryTake(out _));
    }

    [Fact]
    public void Rows_are_split_when_there_are_fewer_blocks_than_workers()
    {
        var queue = new BlockQueue();
        queue.Fill(10, 2, 1, 4);
        var ranges = new List<WorkRange>();
        while (queue.TryTake(out var range)) ranges.Add(range);
        Assert.Equal([new(0, 5, 0, 1), new(0, 5, 1, 2), new(5, 10, 0, 1), new(5, 10, 1, 2)], ranges);
    }

    [Fact]
    public void A_piece_has_at_most_192_rows()
    {
        var queue = new BlockQueue();
        queue.Fill(385, 4, 1, 1);
        var ranges = new List<WorkRange>();
        while (queue.TryTake(out var range)) ranges.Add(range);
        Assert.Equal([new(0, 128, 0, 4), new(128, 256, 0, 4), new(256, 385, 0, 4)], ranges);
    }
}

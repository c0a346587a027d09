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
        var queue = new BlockQueue(workers);
        var random = new Random(1);
        foreach (var rows in new[] { 1, 2, 5, 128, 192, 193, 1000 })
        {
            foreach (var blocks in new[] { 1, 2, 3, 7, 48, 192 })
            {
                // One worker alone, all in turn, or anyone.
                foreach (var order in new Func<int, int>[] { _ => workers - 1, i => i % workers, _ => random.Next(workers) })
                {
                    var split = Offer(queue, rows, blocks, unit, workers);
                    var taken = new int[rows, blocks];
                    for (var i = 0; queue.TryTake(split, order(i), help: true, out var range, out _); i++) Count(taken, range);
                    Assert.All(taken.Cast<int>(), count => Assert.Equal(1, count));
                }
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(16)]
    public void Whole_shares_are_every_block_once(int workers)
    {
        foreach (var rows in new[] { 1, 128, 1000 })
        {
            foreach (var blocks in new[] { 1, 7, 48 })
            {
                var split = new BlockSplit(rows, blocks, 2, workers);
                var taken = new int[rows, blocks];
                for (var w = 0; w < workers; w++)
                {
                    var (begin, end) = split.ShareOf(w);
                    for (int next; begin < end; begin = next)
                    {
                        next = begin + split.SameRows(begin, end);
                        Count(taken, split.Range(begin, next));
                    }
                }

                Assert.All(taken.Cast<int>(), count => Assert.Equal(1, count));
            }
        }
    }

    [Fact]
    public void Concurrent_workers_share_every_block_out()
    {
        const int Workers = 4, Blocks = 5000;
        var queue = new BlockQueue(Workers);
        var taken = new int[Blocks];
        for (var round = 0; round < 20; round++)
        {
            var split = Offer(queue, 1, Blocks, 2, Workers);
            Parallel.For(0, Workers, w =>
            {
                while (queue.TryTake(split, w, help: true, out var range, out _))
                    for (var b = range.BlockBegin; b < range.BlockEnd; b++) Interlocked.Increment(ref taken[b]);
            });
            Assert.All(taken, count => Assert.Equal(round + 1, count));
        }
    }

    [Fact]
    public void A_worker_takes_its_own_share_from_the_front_in_ever_smaller_pieces_and_then_helps_from_the_end()
    {
        var queue = new BlockQueue(2);
        var split = Offer(queue, 128, 48, 2, 2);
        Assert.Equal(
            [(0, 12, 12), (12, 20, 20), (20, 22, 22), (22, 24, -1), (36, 48, -1), (30, 36, -1), (26, 30, -1), (24, 26, -1)],
            Pieces(queue, split, worker: 0));
        split = Offer(queue, 128, 48, 2, 2);
        Assert.Equal((24, 36, 36), Pieces(queue, split, worker: 1)[0]);
    }

    [Fact]
    public void A_worker_that_shall_not_help_leaves_the_shares_of_others_alone()
    {
        var queue = new BlockQueue(2);
        var split = Offer(queue, 128, 48, 2, 2);
        var blocks = 0;
        while (queue.TryTake(split, 1, help: false, out var range, out _))
        {
            Assert.True(range.BlockBegin >= 24);
            blocks += range.BlockEnd - range.BlockBegin;
        }

        Assert.Equal(24, blocks);
        Assert.Equal((0, 12, 12), Pieces(queue, split, worker: 0)[0]);
    }

    [Fact]
    public void The_next_block_is_the_one_with_which_the_share_goes_on()
    {
        var queue = new BlockQueue(1);
        var split = Offer(queue, 385, 5, 2, 1);
        var pieces = new List<(WorkRange Range, int Next)>();
        while (queue.TryTake(split, 0, help: true, out var range, out var next)) pieces.Add((range, next));
        Assert.Equal([(new(0, 128, 0, 5), 0), (new(128, 256, 0, 5), 0), (new(256, 385, 0, 5), -1)], pieces);
    }

    [Fact]
    public void One_worker_takes_everything_at_once()
    {
        var queue = new BlockQueue(1);
        var split = Offer(queue, 128, 48, 1, 1);
        Assert.True(queue.TryTake(split, 0, help: true, out var range, out var next));
        Assert.Equal(new WorkRange(0, 128, 0, 48), range);
        Assert.Equal(-1, next);
        Assert.False(queue.TryTake(split, 0, help: true, out _, out _));
    }

    [Fact]
    public void Rows_are_split_when_there_are_fewer_blocks_than_workers()
    {
        var queue = new BlockQueue(4);
        var split = Offer(queue, 40, 2, 1, 4);
        var ranges = new List<WorkRange>();
        for (var w = 0; w < 4; w++)
        {
            Assert.True(queue.TryTake(split, w, help: true, out var range, out _));
            ranges.Add(range);
        }

        Assert.Equal([new(0, 20, 0, 1), new(0, 20, 1, 2), new(20, 40, 0, 1), new(20, 40, 1, 2)], ranges);
    }

    [Theory]
    [InlineData(16, 2)] // 24 pairs: 16 workers would have two or one.
    [InlineData(32, 4)]
    [InlineData(48, 2)]
    [InlineData(96, 4)]
    [InlineData(1000, 8)] // Not fewer than 16 rows.
    public void Rows_are_split_where_pairs_of_blocks_would_leave_workers_idle(int workers, int parts)
    {
        var queue = new BlockQueue(workers);
        var split = Offer(queue, 128, 48, 2, workers);
        var working = 0;
        var rows = new HashSet<(int, int)>();
        for (var w = 0; w < workers; w++)
        {
            var own = 0;
            for (; queue.TryTake(split, w, help: false, out var range, out _); own++) rows.Add((range.RowBegin, range.RowEnd));
            if (own > 0) working++;
        }

        Assert.Equal(parts, rows.Count);
        Assert.Equal(Math.Min(workers, parts * 24), working);
    }

    [Theory]
    [InlineData(128, 1)]
    [InlineData(384, 2)]
    [InlineData(1024, 6)]
    public void Two_workers_with_enough_blocks_split_rows_only_where_a_piece_would_have_too_many(int rows, int parts)
    {
        var queue = new BlockQueue(2);
        var split = Offer(queue, rows, 48, 2, 2);
        var begins = new HashSet<int>();
        while (queue.TryTake(split, 0, help: true, out var range, out _)) begins.Add(range.RowBegin);
        Assert.Equal(parts, begins.Count);
    }

    [Fact]
    public void A_share_begins_where_it_is_taken_first()
    {
        foreach (var workers in new[] { 1, 2, 3, 5 })
        {
            var queue = new BlockQueue(workers);
            foreach (var rows in new[] { 1, 128, 500 })
            {
                var split = Offer(queue, rows, 193, 2, workers);
                for (var w = 0; w < workers; w++)
                {
                    Assert.True(queue.TryTake(split, w, help: true, out var range, out _));
                    Assert.Equal(range.BlockBegin, split.FirstBlockOf(w));
                }
            }
        }
    }

    private static BlockSplit Offer(BlockQueue queue, int rows, int blocks, int unit, int workers)
    {
        var split = new BlockSplit(rows, blocks, unit, workers);
        for (var w = 0; w < workers; w++) queue.Offer(split, w);
        return split;
    }

    private static void Count(int[,] taken, WorkRange range)
    {
        for (var r = range.RowBegin; r < range.RowEnd; r++)
            for (var b = range.BlockBegin; b < range.BlockEnd; b++) taken[r, b]++;
    }

    private static List<(int Begin, int End, int Next)> Pieces(BlockQueue queue, BlockSplit split, int worker)
    {
        var pieces = new List<(int, int, int)>();
        while (queue.TryTake(split, worker, help: true, out var range, out var next)) pieces.Add((range.BlockBegin, range.BlockEnd, next));
        return pieces;
    }
}

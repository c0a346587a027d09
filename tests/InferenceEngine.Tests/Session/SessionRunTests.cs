using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Session;

public sealed class SessionRunTests
{
    private static readonly BertArchitecture Small = new(2, 32, 2, 64, 50, 40, 2, 3);
    private static readonly QuantizedGraph Graph = SyntheticGraph.Create(Small, 21);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Concurrent_calls_on_one_session_do_not_disturb_each_other(int threads)
    {
        var batches = Enumerable.Range(0, 6).Select(i => SyntheticGraph.CreateBatch(Small, [.. Enumerable.Range(1, 1 + i).Select(n => 1 + n * 11 % 40)], i)).ToArray();
        var expected = batches.Select(b => ReferenceExecutor.Run(Graph, b)).ToArray();
        using var session = InferenceSession.Create(Graph, new SessionOptions { Threads = threads, WorkPerThread = 0 });
        Callers.Run(batches.Length, i =>
        {
            for (var repeat = 0; repeat < 20; repeat++) TensorAssert.BitEqual(expected[i], session.Run(batches[i]), 3, $"batch {i}, call {repeat}");
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Calls_give_the_same_bits_while_garbage_is_collected(int threads)
    {
        // Tiles of machine code do not leave the runtime's cooperative mode: the collector has to wait for them, and they for nobody.
        var batch = SyntheticGraph.CreateBatch(Small, [39, 5, 17], 1);
        var expected = ReferenceExecutor.Run(Graph, batch);
        using var session = InferenceSession.Create(Graph, new SessionOptions { Threads = threads, WorkPerThread = 0 });
        using var done = new ManualResetEventSlim();
        var collector = new Thread(() =>
        {
            for (var i = 0; i < 100; i++) GC.Collect(i % 3);
            done.Set();
        });
        collector.Start();
        do TensorAssert.BitEqual(expected, session.Run(batch));
        while (!done.IsSet);
        Assert.True(collector.Join(TimeSpan.FromMinutes(2)), "The collector did not end.");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_trace_that_throws_leaves_the_session_usable(int threads)
    {
        using var session = InferenceSession.Create(Graph, new SessionOptions { Threads = threads, WorkPerThread = 0 });
        var batch = SyntheticGraph.CreateBatch(Small, [5, 9], 1);
        Assert.Throws<InvalidTimeZoneException>(() => session.Run(batch, new ThrowingTrace()));
        TensorAssert.BitEqual(ReferenceExecutor.Run(Graph, batch), session.Run(batch));
    }

    [Fact]
    public void More_threads_than_work_change_nothing()
    {
        var batch = SyntheticGraph.CreateBatch(Small, [1], 1);
        using var session = InferenceSession.Create(Graph, new SessionOptions { Threads = 9, WorkPerThread = 0 });
        TensorAssert.BitEqual(ReferenceExecutor.Run(Graph, batch), session.Run(batch));
    }

    [Fact]
    public void Workers_that_went_to_sleep_wake_up_for_the_next_call()
    {
        var batch = SyntheticGraph.CreateBatch(Small, [3, 4], 1);
        var expected = ReferenceExecutor.Run(Graph, batch);
        using var session = InferenceSession.Create(Graph, new SessionOptions { Threads = 3, WorkPerThread = 0 });
        for (var i = 0; i < 5; i++)
        {
            Thread.Sleep(20); // Far longer than workers spin.
            TensorAssert.BitEqual(expected, session.Run(batch));
        }
    }

    private sealed class ThrowingTrace : IActivationTrace
    {
        public void Record(string name, int rows, int columns, ReadOnlySpan<sbyte> codes) => throw new InvalidTimeZoneException();

        public void Record(string name, int rows, int columns, ReadOnlySpan<short> codes) => throw new InvalidTimeZoneException();

        public void Record(string name, int rows, int columns, ReadOnlySpan<float> values)
        {
        }
    }
}

using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Session;

/// <summary>Which threads compute, and what happens when they fail or are sent home.</summary>
public sealed class WorkerTests
{
    private static readonly BertArchitecture Small = new(2, 32, 2, 64, 50, 40, 2, 3);
    private static readonly QuantizedGraph Graph = SyntheticGraph.Create(Small, 21);
    private static readonly TokenBatch Batch = SyntheticGraph.CreateBatch(Small, [5, 40, 1, 17], 1);
    private static readonly float[] Expected = ReferenceExecutor.Run(Graph, Batch);

    // What ten tokens multiply in an average stage.
    private const int TenTokens = 10 * 32 * (4 * 32 + 2 * 64) / 7;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void One_caller_is_served_by_the_same_threads_for_ever_and_they_end_with_the_session(int threads)
    {
        var kernels = new ObservedKernels(new ScalarKernels());
        Thread[] workers;
        using (var session = Session(kernels, threads))
        {
            for (var i = 0; i < 100; i++) TensorAssert.BitEqual(Expected, session.Run(Batch), 3, $"run {i}");
            // Each embeds its own part of the tokens, so no one is left out.
            Assert.Equal(threads, kernels.Threads.Count);
            Assert.InRange(kernels.MostAtOnce, 1, threads);
            workers = [.. kernels.Threads.Keys.Where(t => t != Thread.CurrentThread)];
            Assert.Equal(threads - 1, workers.Length);
        }

        Assert.All(workers, worker => Assert.False(worker.IsAlive, "A worker outlived its session."));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void The_threads_of_a_call_compute_at_the_same_time(int threads)
    {
        using var all = new Barrier(threads);
        var waited = new ConcurrentDictionary<Thread, bool>();
        // Nobody computes anything before everybody is about to.
        var kernels = new ObservedKernels(new ScalarKernels(), () =>
        {
            if (waited.TryAdd(Thread.CurrentThread, true) && !all.SignalAndWait(TimeSpan.FromMinutes(1))) throw new TimeoutException("A thread did not come.");
        });
        using var session = Session(kernels, threads);
        TensorAssert.BitEqual(Expected, session.Run(Batch));
        Assert.Equal(threads, waited.Count);
    }

    [Fact]
    public void With_one_thread_every_caller_computes_by_itself()
    {
        var kernels = new ObservedKernels(new ScalarKernels());
        using var session = Session(kernels, threads: 1);
        var callers = RunFromMany(session, count: 4);
        Assert.Equal(callers.ToHashSet(), kernels.Threads.Keys.ToHashSet());
    }

    [Fact]
    public void Concurrent_callers_share_one_team()
    {
        var kernels = new ObservedKernels(new ScalarKernels());
        using var session = Session(kernels, threads: 3);
        var callers = RunFromMany(session, count: 5);
        Assert.InRange(kernels.MostAtOnce, 1, 3);
        Assert.Empty(callers.Except(kernels.Threads.Keys));
        Assert.Equal(2, kernels.Threads.Keys.Except(callers).Count());
    }

    [Theory]
    [InlineData(5, 1)]
    [InlineData(19, 1)]
    [InlineData(20, 2)]
    [InlineData(39, 3)]
    [InlineData(40, 4)]
    public void A_call_takes_the_threads_that_its_work_is_worth(int tokens, int threads)
    {
        var kernels = new ObservedKernels(new ScalarKernels());
        using var session = Session(kernels, 4, TenTokens);
        var batch = SyntheticGraph.CreateBatch(Small, [tokens], 1);
        TensorAssert.BitEqual(ReferenceExecutor.Run(Graph, batch), session.Run(batch));
        Assert.Equal(threads, kernels.Threads.Count);
        Assert.Equal(threads, session.ThreadsFor(batch));
        Assert.Contains(Thread.CurrentThread, kernels.Threads.Keys);
    }

    [Fact]
    public void Threads_that_sit_out_a_call_take_part_in_the_next()
    {
        var batches = Enumerable.Range(1, 40).Select(tokens => SyntheticGraph.CreateBatch(Small, [tokens], tokens)).ToArray();
        var expected = batches.Select(b => ReferenceExecutor.Run(Graph, b)).ToArray();
        var order = new Random(7);
        using var session = Session(new ScalarKernels(), 4, TenTokens);
        for (var i = 0; i < 400; i++)
        {
            var which = order.Next(batches.Length);
            TensorAssert.BitEqual(expected[which], session.Run(batches[which]), 3, $"call {i}, {which + 1} tokens");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_failure_at_any_operation_of_any_thread_reaches_the_caller_and_leaves_the_session_usable(int threads)
    {
        int operation = 0, failing = -1;
        var kernels = new ObservedKernels(new ScalarKernels(), () =>
        {
            if (Interlocked.Increment(ref operation) == failing) throw new InvalidTimeZoneException();
        });
        using var session = Session(kernels, threads);
        session.Run(Batch);
        // How many operations a run has depends a little on who helps whom.
        for (int each = operation / 9, last = operation * 3 / 4, i = 1; i <= last; i += each)
        {
            (operation, failing) = (0, i);
            Assert.Throws<InvalidTimeZoneException>(() => session.Run(Batch));
            failing = -1;
            TensorAssert.BitEqual(Expected, session.Run(Batch), 3, $"after a failure at operation {i} of {last}");
        }
    }

    [Fact]
    public async Task Dispose_waits_for_the_run_in_progress_and_later_runs_are_refused()
    {
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var kernels = new ObservedKernels(new ScalarKernels(), () =>
        {
            entered.Set();
            release.Wait(TestContext.Current.CancellationToken);
        });
        var session = Session(kernels, threads: 2);
        var running = Background(() => session.Run(Batch));
        Assert.True(entered.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        var queued = Background(() => session.Run(Batch));
        var disposing = Background(() =>
        {
            session.Dispose();
            return true;
        });
        await Assert.ThrowsAsync<TimeoutException>(() => disposing.WaitAsync(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken));
        release.Set();
        TensorAssert.BitEqual(Expected, await running);
        await disposing;
        // The queued run had its turn either before or after Dispose.
        try
        {
            TensorAssert.BitEqual(Expected, await queued);
        }
        catch (ObjectDisposedException)
        {
        }

        Assert.Throws<ObjectDisposedException>(() => session.Run(Batch));
    }

    [Fact]
    public async Task With_one_thread_a_run_in_progress_goes_on_to_its_end_when_the_session_is_disposed()
    {
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var kernels = new ObservedKernels(new ScalarKernels(), () =>
        {
            entered.Set();
            release.Wait(TestContext.Current.CancellationToken);
        });
        var session = Session(kernels, threads: 1);
        var running = Background(() => session.Run(Batch));
        Assert.True(entered.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        session.Dispose();
        release.Set();
        TensorAssert.BitEqual(Expected, await running);
        Assert.Throws<ObjectDisposedException>(() => session.Run(Batch));
    }

    [Fact]
    public async Task Dispose_from_within_a_run_ends_the_threads_and_so_the_run_with_an_error_and_never_hangs()
    {
        var session = Session(new ScalarKernels(), threads: 2);
        var run = Background(() => session.Run(Batch, new DisposingTrace(session)));
        var e = await Assert.ThrowsAsync<ObjectDisposedException>(() => run.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        Assert.Equal(typeof(InferenceSession).FullName, e.ObjectName);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(TenTokens * 10)] // One of the two batches is worth both threads, the other one.
    public void A_run_from_within_the_trace_of_another_is_refused_and_that_one_goes_on(int workPerThread)
    {
        using var session = Session(new ScalarKernels(), threads: 2, workPerThread);
        var small = SyntheticGraph.CreateBatch(Small, [1], 1);
        foreach (var (outer, inner) in new[] { (Batch, Batch), (Batch, small), (small, Batch), (small, small) })
        {
            var expected = session.Run(outer);
            var trace = new RunningTrace(session, inner);
            TensorAssert.BitEqual(expected, session.Run(outer, trace));
            Assert.Equal(["The session is running a batch for a caller on this same thread. Run the next one when that has returned."], trace.Messages.Distinct());
        }
    }

    [Fact]
    public void The_threads_of_a_session_that_nobody_disposed_end_once_it_is_garbage()
    {
        var threads = ThreadsOfALostSession();
        Assert.NotEmpty(threads);
        for (var i = 0; i < 200 && threads.Any(t => t.IsAlive); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Sleep(10);
        }

        Assert.All(threads, thread => Assert.False(thread.IsAlive, "A thread waits for a session that is gone."));
    }

    // The threads only: in this method's frame the session is forgotten.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Thread[] ThreadsOfALostSession()
    {
        var kernels = new ObservedKernels(new ScalarKernels());
        var session = Session(kernels, threads: 3);
        for (var i = 0; i < 1000 && kernels.Threads.Count < 2; i++) session.Run(Batch);
        return [.. kernels.Threads.Keys.Where(t => t != Thread.CurrentThread)];
    }

    private static InferenceSession Session(CpuKernels kernels, int threads, int workPerThread = 0) =>
        InferenceSession.Wrap(CpuBackend.Create(Graph, new CpuSettings(kernels, threads, WeightFormat.Auto, "test", workPerThread)));

    private static Thread[] RunFromMany(InferenceSession session, int count) => Callers.Run(count, caller =>
    {
        for (var i = 0; i < 10; i++) TensorAssert.BitEqual(Expected, session.Run(Batch), 3, $"caller {caller}, call {i}");
    });

    // A thread of its own: the pool may be busy with other tests.
    private static Task<T> Background<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private sealed class RunningTrace(InferenceSession session, TokenBatch batch) : IActivationTrace
    {
        public List<string> Messages { get; } = [];

        public void Record(string name, int rows, int columns, ReadOnlySpan<sbyte> codes) => Run();

        public void Record(string name, int rows, int columns, ReadOnlySpan<short> codes) => Run();

        public void Record(string name, int rows, int columns, ReadOnlySpan<float> values) => Run();

        private void Run() => Messages.Add(Assert.Throws<InvalidOperationException>(() => session.Run(batch)).Message);
    }

    private sealed class DisposingTrace(InferenceSession session) : IActivationTrace
    {
        public void Record(string name, int rows, int columns, ReadOnlySpan<sbyte> codes) => session.Dispose();

        public void Record(string name, int rows, int columns, ReadOnlySpan<short> codes) => session.Dispose();

        public void Record(string name, int rows, int columns, ReadOnlySpan<float> values) => session.Dispose();
    }
}

using System.Collections.Concurrent;
using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.InferenceEngine.Tests;

public sealed class PeakLoadTests
{
    private const int StepOperations = 1000;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Every_run_computes_the_load_and_the_load_is_what_was_asked_for_up_to_a_piece(int threads)
    {
        foreach (var operations in new[] { 1.0, 1e5, 3e7, 1e9 })
        {
            var steps = 0L;
            using var load = new PeakLoad((Loop, StepOperations), threads, operations);
            Assert.InRange(load.Operations, operations, StepOperations + 1.02 * operations);
            for (var run = 1; run <= 2; run++)
            {
                load.Run();
                Assert.Equal(run * load.Operations, steps * (double)StepOperations);
            }

            int Loop(int count)
            {
                Assert.True(count > 0, $"{count} steps");
                Interlocked.Add(ref steps, count);
                return count;
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void All_threads_take_part(int threads)
    {
        using var all = new Barrier(threads);
        var waited = new ConcurrentDictionary<Thread, bool>();
        using var load = new PeakLoad((Loop, StepOperations), threads, 1e9);
        load.Run();
        Assert.Equal(threads, waited.Count);
        Assert.Contains(Thread.CurrentThread, waited.Keys);

        // Nobody goes on before everybody has come.
        int Loop(int count)
        {
            if (waited.TryAdd(Thread.CurrentThread, true) && !all.SignalAndWait(TimeSpan.FromMinutes(1))) throw new TimeoutException("A thread did not come.");
            return count;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Every_instruction_of_this_processor_can_be_a_load(int threads)
    {
        foreach (var instruction in PeakRate.Instructions)
        {
            using var load = new PeakLoad(instruction, threads, 1e7);
            Assert.InRange(load.Operations, 1e7, 1.1e7);
            Assert.Equal(threads, load.Threads);
            load.Run();
        }
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Assert.Equal("instruction", Assert.Throws<ArgumentOutOfRangeException>(() => new PeakLoad("vpaddd", 1, 1)).ParamName);
        Assert.Equal("threads", Assert.Throws<ArgumentOutOfRangeException>(() => new PeakLoad((count => count, 1), 0, 1)).ParamName);
    }
}

using System.Collections.Concurrent;
using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cpu;

namespace QatKit.InferenceEngine.Tests.Session;

/// <summary>Who of a team works, who sleeps, and what may disturb them.</summary>
public sealed class WorkerTeamTests
{
    [Fact]
    public void Every_worker_of_a_job_runs_it_once()
    {
        using var team = new WorkerTeam(5);
        var random = new Random(1);
        for (var i = 0; i < 2000; i++)
        {
            var workers = random.Next(1, 6);
            var ran = new int[5];
            team.Run(w => Interlocked.Increment(ref ran[w]), workers);
            Assert.Equal(Enumerable.Range(0, 5).Select(w => w < workers ? 1 : 0), ran);
        }
    }

    [Fact]
    public void Workers_that_jobs_do_not_need_sleep_all_the_while()
    {
        using var team = new WorkerTeam(5);
        team.Run(_ => { }, 5); // All are awake, and look for the next job.
        team.Run(_ => { }, 2);
        Assert.True(SpinWait.SpinUntil(() => team.Asleep >= 3, TimeSpan.FromMinutes(1)), $"{team.Asleep} sleep.");
        var awake = 0;
        for (var i = 0; i < 1000; i++)
        {
            team.Run(_ =>
            {
                if (team.Asleep < 3) Interlocked.Increment(ref awake);
            }, 2);
        }

        Assert.Equal(0, awake);
    }

    [Fact]
    public void All_sleep_when_there_is_nothing_to_do_and_wake_up_for_the_next_job()
    {
        using var team = new WorkerTeam(3);
        for (var i = 0; i < 5; i++)
        {
            Assert.True(SpinWait.SpinUntil(() => team.Asleep == 2, TimeSpan.FromMinutes(1)), $"{team.Asleep} sleep.");
            var ran = 0;
            team.Run(_ => Interlocked.Increment(ref ran), 3);
            Assert.Equal(3, ran);
        }
    }

    [Fact]
    public void Threads_end_when_the_next_one_cannot_be_started()
    {
        var started = new List<Thread>();
        var e = Assert.Throws<QatKitException>(() => new WorkerTeam(5, thread =>
        {
            if (started.Count == 2) throw new InsufficientMemoryException("No more threads.");
            started.Add(thread);
            thread.UnsafeStart();
        }));
        Assert.Equal("QK5051 SessionOptions.Threads: thread 4 of 5 cannot be started: No more threads. Use fewer threads, or let the process have more.", e.Message);
        Assert.Equal(2, started.Count);
        Assert.All(started, thread => Assert.True(thread.Join(TimeSpan.FromMinutes(1))));
    }

    [Fact]
    public async Task A_caller_that_is_interrupted_waits_for_the_others_all_the_same()
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var team = new WorkerTeam(2);
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var (finished, interrupted) = (false, false);
        var caller = Caller(team, worker =>
        {
            if (worker == 0) return;
            entered.Set();
            release.Wait(cancellation);
            finished = true;
        }, () => interrupted = finished);
        caller.Start();
        Assert.True(entered.Wait(TimeSpan.FromMinutes(1), cancellation));
        caller.Interrupt();
        await Task.Delay(20, cancellation); // The caller sleeps by now, or will.
        Assert.True(caller.IsAlive);
        release.Set();
        Assert.True(caller.Join(TimeSpan.FromMinutes(1)));
        Assert.True(interrupted, "The interruption was lost, or came before the job was done.");
        var ran = new ConcurrentBag<int>();
        team.Run(ran.Add, 2);
        Assert.Equal([0, 1], ran.Order());
    }

    [Fact]
    public void No_worker_begins_a_stage_before_all_have_ended_the_last_one()
    {
        const int Stages = 300;
        using var team = new WorkerTeam(5);
        var random = new Random(1);
        for (var run = 0; run < 50; run++)
        {
            var workers = random.Next(1, 6);
            var ended = new int[Stages];
            var early = 0;
            // Now and then a worker takes so long that the others fall asleep.
            var slow = Enumerable.Range(0, Stages).Select(_ => random.Next(100) == 0 ? random.Next(workers) : -1).ToArray();
            team.Run(w =>
            {
                for (var stage = 0; stage < Stages; stage++)
                {
                    if (stage > 0 && Volatile.Read(ref ended[stage - 1]) != workers) Interlocked.Increment(ref early);
                    if (slow[stage] == w) Thread.Sleep(1);
                    Interlocked.Increment(ref ended[stage]);
                    team.Sync(w, workers);
                }
            }, workers);
            Assert.Equal(0, early);
            Assert.All(ended, count => Assert.Equal(workers, count));
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 5)]
    [InlineData(1, 0)]
    [InlineData(1, 5)]
    public void A_worker_that_fails_lets_those_go_who_wait_for_it_awake_or_asleep(int failing, int milliseconds)
    {
        using var team = new WorkerTeam(3);
        for (var run = 0; run < 10; run++)
        {
            var wentOn = 0;
            var e = Assert.Throws<FormatException>(() => team.Run(w =>
            {
                team.Sync(w, 3);
                if (w == failing)
                {
                    Thread.Sleep(milliseconds);
                    throw new FormatException("The second stage.");
                }

                team.Sync(w, 3);
                Interlocked.Increment(ref wentOn);
            }, 3));
            Assert.Equal("The second stage.", e.Message);
            Assert.Equal(0, wentOn);
            // The team is none the worse for it.
            var ran = 0;
            team.Run(w =>
            {
                team.Sync(w, 3);
                Interlocked.Increment(ref ran);
            }, 3);
            Assert.Equal(3, ran);
        }
    }

    [Fact]
    public void A_caller_that_is_interrupted_at_the_end_of_a_stage_waits_for_the_others_all_the_same()
    {
        using var team = new WorkerTeam(2);
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var cancellation = TestContext.Current.CancellationToken;
        var (released, early, interrupted) = (false, false, false);
        var caller = Caller(team, worker =>
        {
            if (worker == 1)
            {
                entered.Set();
                release.Wait(cancellation);
                released = true;
            }

            team.Sync(worker, 2);
            if (worker == 0) early = !released;
        }, () => interrupted = true);
        caller.Start();
        Assert.True(entered.Wait(TimeSpan.FromMinutes(1), cancellation));
        caller.Interrupt();
        Assert.False(caller.Join(20)); // The caller sleeps by now, or will.
        release.Set();
        Assert.True(caller.Join(TimeSpan.FromMinutes(1)));
        Assert.False(early, "The caller did not wait.");
        Assert.True(interrupted, "The interruption was lost.");
    }

    [Fact]
    public void Threads_keep_nothing_of_the_context_that_made_the_team()
    {
        var local = new AsyncLocal<string?> { Value = "request" };
        using var team = new WorkerTeam(2);
        string? seen = "unset";
        team.Run(worker =>
        {
            if (worker == 1) seen = local.Value;
        }, 2);
        Assert.Null(seen);
    }

    [Fact]
    public void A_job_for_one_needs_no_team_and_others_are_refused_after_its_end()
    {
        var team = new WorkerTeam(2);
        team.Dispose();
        var ran = 0;
        team.Run(_ => ran++, 1);
        Assert.Equal(1, ran);
        Assert.Throws<ObjectDisposedException>(() => team.Run(_ => { }, 2));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(WorkerTeam.MaxWorkers + 1)]
    [InlineData(int.MaxValue)]
    public void Sizes_that_a_call_cannot_carry_are_refused(int workers) =>
        Assert.Equal("workers", Assert.Throws<ArgumentOutOfRangeException>(() => new WorkerTeam(workers)).ParamName);

    [Fact]
    public void The_largest_team_works()
    {
        using var team = new WorkerTeam(WorkerTeam.MaxWorkers);
        var ran = 0;
        team.Run(_ => Interlocked.Increment(ref ran), WorkerTeam.MaxWorkers);
        Assert.Equal(WorkerTeam.MaxWorkers, ran);
    }

    // A thread that runs a job for two, and says afterwards when an interruption has waited for it.
    private static Thread Caller(WorkerTeam team, Action<int> job, Action interrupted) => new(() =>
    {
        team.Run(job, 2);
        try
        {
            Thread.Sleep(0);
        }
        catch (ThreadInterruptedException)
        {
            interrupted();
        }
    });
}

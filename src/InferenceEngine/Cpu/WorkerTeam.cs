using System.Runtime.ExceptionServices;
using QatKit.Core.Diagnostics;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>A fixed team of threads that run one job together, in stages if it likes: the caller is worker 0, the others wait for work.</summary>
/// <remarks>Who waits looks for a few microseconds (<see cref="ShortWait"/>), because the others are about to come, and then
/// blocks, so that an idle session costs nothing. One job at a time: <see cref="CpuBackend"/> holds a lock around a run.</remarks>
internal sealed class WorkerTeam : IDisposable
{
    /// <summary>Largest team: far more than any processor of today has.</summary>
    public const int MaxWorkers = 1024;

    // A call to work: the number of the job above, the number of workers that it is for below. One word, because a worker that a
    // job does not need may come late, and must not take the workers of the next job for those of the last.
    private const int WorkerBits = 11;
    private const long WorkerMask = (1 << WorkerBits) - 1;

    private readonly Thread[] _threads;

    // Of the caller, 0, and of each thread.
    private readonly Sleeper[] _sleepers;

    // Workers that have come to the end of the job's present stage, and stages that all have ended, of this job and those before.
    private SharedWord _arrived, _ended;
    private Action<int>? _job;
    private volatile Exception? _failure;
    private long _call;
    private int _pending;
    private volatile bool _stop;

    /// <param name="workers">1 to <see cref="MaxWorkers"/>, the caller included.</param>
    /// <exception cref="QatKitException">QK5051: the system starts no more threads.</exception>
    public WorkerTeam(int workers)
        : this(workers, thread => thread.UnsafeStart()) // What flows with the caller's context is not the team's to keep.
    {
    }

    /// <param name="workers">1 to <see cref="MaxWorkers"/>, the caller included.</param>
    /// <param name="start">Starts a thread.</param>
    internal WorkerTeam(int workers, Action<Thread> start)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(workers, MaxWorkers);
        Workers = workers;
        _sleepers = [.. Enumerable.Range(0, workers).Select(_ => new Sleeper())];
        _threads = new Thread[workers - 1];
        for (var i = 0; i < _threads.Length; i++)
        {
            var worker = i + 1;
            _threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"QatKit worker {worker}" };
            try
            {
                start(_threads[i]);
            }
            catch (Exception e) when (e is ThreadStartException or OutOfMemoryException)
            {
                End();
                throw new QatKitException("QK5051", "SessionOptions.Threads", $"thread {worker + 1} of {workers} cannot be started: {e.Message} Use fewer threads, or let the process have more.", e);
            }
        }
    }

    /// <summary>Threads of the team, the caller included.</summary>
    public int Workers { get; }

    /// <summary>Threads that sleep, the caller not included.</summary>
    public int Asleep => _sleepers.Skip(1).Count(s => s.IsDown);

    // Some worker of the job will not come any more.
    private bool IsOver => _failure is not null || _stop;

    /// <summary>Runs <c>job(worker)</c> once for every worker 0 .. <paramref name="workers"/> − 1 and returns when all are done.</summary>
    /// <param name="job">The job.</param>
    /// <param name="workers">1 to <see cref="Workers"/>; the others sleep.</param>
    /// <remarks>An exception of any worker is thrown here, after all have ended. A job for one worker needs no team, and runs after its end too.</remarks>
    /// <exception cref="ObjectDisposedException">The team has ended: no one would take the job.</exception>
    public void Run(Action<int> job, int workers)
    {
        if (workers == 1)
        {
            job(0);
            return;
        }

        ObjectDisposedException.ThrowIf(_stop, typeof(InferenceSession));
        _failure = null;
        _job = job;
        _arrived.Value = 0; // A job that failed leaves some.
        Volatile.Write(ref _pending, workers - 1);
        // A full fence: a worker either sees the new call before it sleeps or is seen asleep here.
        Interlocked.Exchange(ref _call, ((_call >> WorkerBits) + 1 << WorkerBits) + workers);
        for (var w = 1; w < workers; w++) _sleepers[w].Wake();
        Execute(job, 0);
        WaitFor(0, new OthersDone(this));
        _job = null; // It holds the model.
        if (_failure is { } failure) ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Ends a stage of the job that this worker runs: returns when all its workers have called this as often. What each wrote before, all see afterwards.</summary>
    /// <param name="worker">Who calls.</param>
    /// <param name="workers">Whom the job is for. One alone has nobody to wait for.</param>
    /// <exception cref="InvalidOperationException">Another worker has failed and will not come; <see cref="Run"/> throws what it threw.</exception>
    /// <exception cref="ObjectDisposedException">A worker has ended the team.</exception>
    public void Sync(int worker, int workers)
    {
        if (workers == 1) return;
        var ended = Volatile.Read(ref _ended.Value);
        if (Interlocked.Increment(ref _arrived.Value) < workers)
        {
            WaitFor(worker, new StageEnded(this, ended));
        }
        else
        {
            _arrived.Value = 0;
            // A full fence: the others either see that the stage has ended before they sleep or are seen asleep here.
            Interlocked.Exchange(ref _ended.Value, ended + 1);
            for (var w = 0; w < workers; w++) _sleepers[w].Wake();
        }

        ObjectDisposedException.ThrowIf(_stop, typeof(InferenceSession));
        if (_failure is not null) throw new InvalidOperationException("Another worker of the job has failed.");
    }

    /// <summary>Ends the threads. No job may be running, unless the caller's own part of one calls this: that job ends with <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        End();
        foreach (var thread in _threads) thread.Join();
        Volatile.Write(ref _pending, 0); // Who had not yet seen the job will not come.
        foreach (var sleeper in _sleepers) sleeper.Dispose();
    }

    /// <summary>Lets the threads end, without waiting for them.</summary>
    public void End()
    {
        _stop = true;
        Interlocked.MemoryBarrier();
        WakeAll();
    }

    private void WakeAll()
    {
        foreach (var sleeper in _sleepers) sleeper.Wake();
    }

    private void Work(int worker)
    {
        var seen = 0L;
        while (Await(worker, ref seen))
        {
            // The caller does not go on to another job before each worker of this one is done.
            Execute(_job!, worker);
            if (Interlocked.Decrement(ref _pending) == 0) _sleepers[0].Wake();
        }
    }

    private void Execute(Action<int> job, int worker)
    {
        try
        {
            job(worker);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, e, null);
            WakeAll(); // Others may wait for this worker at the end of a stage.
        }
    }

    // Looks on for a while, then sleeps until it is met.
    private void WaitFor<TCondition>(int worker, TCondition condition) where TCondition : struct, ICondition
    {
        var wait = new ShortWait();
        while (wait.GoOn())
        {
            for (var i = 0; i < ShortWait.LooksPerTurn; i++)
            {
                if (condition.IsMet) return;
                Thread.SpinWait(1);
            }
        }

        var interrupted = false;
        var sleeper = _sleepers[worker];
        sleeper.LieDown();
        while (!condition.IsMet) SleepOn(sleeper, ref interrupted);
        sleeper.GetUp();
        if (interrupted) Thread.CurrentThread.Interrupt();
    }

    // Whoever interrupts a worker must not make it leave while others work on its memory.
    private static void SleepOn(Sleeper sleeper, ref bool interrupted)
    {
        try
        {
            sleeper.Sleep();
        }
        catch (ThreadInterruptedException)
        {
            interrupted = true;
        }
    }

    // Waits for another call than `seen` that is for this worker, and takes it over; false when the team ends.
    private bool Await(int worker, ref long seen)
    {
        var wait = new ShortWait();
        while (!_stop && wait.GoOn())
        {
            for (var i = 0; i < ShortWait.LooksPerTurn; i++)
            {
                var call = Volatile.Read(ref _call);
                if (call == seen)
                {
                    Thread.SpinWait(1);
                    continue;
                }

                seen = call;
                if (IsFor(worker, call)) return true;
                return SleepUntilCalled(worker, ref seen); // The stages that follow are not for this worker either.
            }
        }

        return SleepUntilCalled(worker, ref seen);
    }

    private bool SleepUntilCalled(int worker, ref long seen)
    {
        var sleeper = _sleepers[worker];
        sleeper.LieDown();
        while (true)
        {
            if (_stop)
            {
                sleeper.GetUp(); // Nobody wakes who has gone.
                return false;
            }

            var call = Volatile.Read(ref _call);
            if (call != seen && IsFor(worker, call))
            {
                seen = call;
                sleeper.GetUp();
                return true;
            }

            sleeper.Sleep();
        }
    }

    private static bool IsFor(int worker, long call) => worker < (call & WorkerMask);

    private interface ICondition
    {
        bool IsMet { get; }
    }

    // More stages than `ended` have, or never will.
    private readonly struct StageEnded(WorkerTeam team, long ended) : ICondition
    {
        public bool IsMet => Volatile.Read(ref team._ended.Value) != ended || team.IsOver;
    }

    private readonly struct OthersDone(WorkerTeam team) : ICondition
    {
        public bool IsMet => Volatile.Read(ref team._pending) == 0;
    }
}

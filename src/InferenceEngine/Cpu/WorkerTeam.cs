using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>A fixed team of threads that run one job together: the caller is worker 0, the others wait for work.</summary>
/// <remarks>Waiting workers spin for a few microseconds, because the next stage of a forward pass follows at once, and then
/// block, so that an idle session costs nothing. One job at a time: <see cref="CpuBackend"/> holds a lock around a run.</remarks>
internal sealed class WorkerTeam : IDisposable
{
    // A call to work: the number of the job above, the number of workers that it is for below. One word, because a worker that a
    // job does not need may come late, and must not take the workers of the next job for those of the last.
    private const int WorkerBits = 11;
    private const long WorkerMask = (1 << WorkerBits) - 1;

    private readonly object _gate = new();
    private readonly Thread[] _threads;
    private Action<int>? _job;
    private Exception? _failure;
    private long _call;
    private int _pending;
    private int _sleepers;
    private volatile bool _stop;

    public WorkerTeam(int workers)
    {
        Workers = workers;
        _threads = new Thread[workers - 1];
        for (var i = 0; i < _threads.Length; i++)
        {
            var worker = i + 1;
            _threads[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"QatKit worker {worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>Threads of the team, the caller included.</summary>
    public int Workers { get; }

    /// <summary>Runs <c>job(worker)</c> once for every worker 0 .. <paramref name="workers"/> − 1 and returns when all are done.</summary>
    /// <param name="job">The job.</param>
    /// <param name="workers">1 to <see cref="Workers"/>; the others go on waiting.</param>
    /// <remarks>An exception of any worker is thrown here, after all have ended.</remarks>
    /// <exception cref="ObjectDisposedException">The team has ended: no one would take the job.</exception>
    public void Run(Action<int> job, int workers)
    {
        ObjectDisposedException.ThrowIf(_stop, typeof(InferenceSession));
        if (workers == 1)
        {
            job(0);
            return;
        }

        _failure = null;
        _job = job;
        Volatile.Write(ref _pending, workers - 1);
        // A full fence: a worker either sees the new call before it sleeps or is counted in _sleepers here.
        Interlocked.Exchange(ref _call, ((_call >> WorkerBits) + 1 << WorkerBits) + workers);
        if (Volatile.Read(ref _sleepers) > 0)
        {
            lock (_gate) Monitor.PulseAll(_gate);
        }

        Execute(job, 0);
        AwaitOthers();
        if (_failure is { } failure) ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Ends the threads. No job may be running.</summary>
    public void Dispose()
    {
        _stop = true;
        lock (_gate) Monitor.PulseAll(_gate);
        foreach (var thread in _threads) thread.Join();
    }

    private void Work(int worker)
    {
        var seen = 0L;
        while (Await(ref seen))
        {
            // The caller does not go on to another job before each worker of this one is done.
            if (worker >= (seen & WorkerMask)) continue;
            Execute(_job!, worker);
            Interlocked.Decrement(ref _pending);
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
        }
    }

    private void AwaitOthers()
    {
        var wait = new Waiting();
        while (wait.GoOn())
        {
            for (var i = 0; i < Waiting.LooksPerTurn; i++)
            {
                if (Volatile.Read(ref _pending) == 0) return;
                Thread.SpinWait(1);
            }
        }

        var spin = new SpinWait();
        while (Volatile.Read(ref _pending) > 0) spin.SpinOnce(sleep1Threshold: -1);
    }

    // Waits for another call than `seen`, and takes it over; false when the team ends.
    private bool Await(ref long seen)
    {
        var wait = new Waiting();
        while (!_stop && wait.GoOn())
        {
            for (var i = 0; i < Waiting.LooksPerTurn; i++)
            {
                if (TrySee(ref seen)) return true;
                Thread.SpinWait(1);
            }
        }

        while (!TrySee(ref seen))
        {
            Sleep(seen);
            if (_stop) return false;
        }

        return true;
    }

    private bool TrySee(ref long seen)
    {
        var call = Volatile.Read(ref _call);
        if (call == seen) return false;
        seen = call;
        return true;
    }

    private void Sleep(long seen)
    {
        lock (_gate)
        {
            Interlocked.Increment(ref _sleepers);
            while (Volatile.Read(ref _call) == seen && !_stop) Monitor.Wait(_gate);
            Interlocked.Decrement(ref _sleepers);
        }
    }

    // A thread that waits looks on for a while, because it will not be long. After the first microseconds it lets others run in between: a thread that
    // was woken may have been put on this very processor, and neither would see the other before its time is up.
    private readonly struct Waiting()
    {
        /// <summary>Looks before the clock is looked at, which takes longer.</summary>
        public const int LooksPerTurn = 16;

        private static readonly TimeSpan Alone = TimeSpan.FromMicroseconds(4), Longest = TimeSpan.FromMicroseconds(60);

        private readonly long _start = Stopwatch.GetTimestamp();

        /// <summary>Lets others run when it is time to; false when it is time to sleep.</summary>
        public bool GoOn()
        {
            var elapsed = Stopwatch.GetElapsedTime(_start);
            if (elapsed > Alone) Thread.Yield();
            return elapsed < Longest;
        }
    }
}

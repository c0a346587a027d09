using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>A fixed team of threads that run one job together: the caller is worker 0, the others wait for work.</summary>
/// <remarks>Waiting workers spin for a few microseconds, because the next stage of a forward pass follows at once, and then
/// block, so that an idle session costs nothing. One job at a time: <see cref="CpuBackend"/> holds a lock around a run.</remarks>
internal sealed class WorkerTeam : IDisposable
{
    private static readonly TimeSpan SpinTime = TimeSpan.FromMicroseconds(60);

    private readonly object _gate = new();
    private readonly Thread[] _threads;
    private Action<int>? _job;
    private Exception? _failure;
    private int _generation;
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

    /// <summary>Runs <c>job(worker)</c> once for every worker 0 .. Workers − 1 and returns when all are done.</summary>
    /// <remarks>An exception of any worker is thrown here, after all have ended.</remarks>
    /// <exception cref="ObjectDisposedException">The team has ended: no one would take the job.</exception>
    public void Run(Action<int> job)
    {
        ObjectDisposedException.ThrowIf(_stop, typeof(InferenceSession));
        if (_threads.Length == 0)
        {
            job(0);
            return;
        }

        _failure = null;
        _job = job;
        Volatile.Write(ref _pending, _threads.Length);
        // A full fence: a worker either sees the new generation before it sleeps or is counted in _sleepers here.
        Interlocked.Increment(ref _generation);
        if (Volatile.Read(ref _sleepers) > 0)
        {
            lock (_gate) Monitor.PulseAll(_gate);
        }

        Execute(job, 0);
        var spin = new SpinWait();
        while (Volatile.Read(ref _pending) > 0) spin.SpinOnce(sleep1Threshold: -1);
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
        var seen = 0;
        while (Await(ref seen))
        {
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

    // Waits for a generation newer than `seen`; false when the team ends.
    private bool Await(ref int seen)
    {
        var start = Stopwatch.GetTimestamp();
        while (Volatile.Read(ref _generation) == seen)
        {
            Thread.SpinWait(8);
            if (!_stop && Stopwatch.GetElapsedTime(start) < SpinTime) continue;
            Sleep(seen);
            if (_stop) return false;
        }

        seen++;
        return true;
    }

    private void Sleep(int seen)
    {
        lock (_gate)
        {
            Interlocked.Increment(ref _sleepers);
            while (Volatile.Read(ref _generation) == seen && !_stop) Monitor.Wait(_gate);
            Interlocked.Decrement(ref _sleepers);
        }
    }
}

using QatKit.InferenceEngine.Cpu;

namespace QatKit.InferenceEngine.Benchmarking;

/// <summary>A number of multiplications and additions that threads compute together without memory: the least time that a model with as many can take.</summary>
/// <remarks>Threads share it out in small pieces, so that one which is slower for a while does not keep the others waiting; a thread by itself takes
/// pieces as large as can be. Handing a load to other threads takes microseconds: of a load of not many more, that is what is measured.</remarks>
public sealed class PeakLoad : IDisposable
{
    private const int PiecesPerThread = 64;

    // Some tens of microseconds: the last pieces of a load end at about the same time, however slow one of the threads is.
    private const int MostSteps = 20_000;

    private readonly Func<int, int> _loop;
    private readonly int _pieceSteps;
    private readonly long _pieces;
    private readonly WorkerTeam _team;
    private readonly Action<int> _job;
    private long _left;

    /// <param name="instruction">One of <see cref="PeakRate.Instructions"/>.</param>
    /// <param name="threads">At least 1.</param>
    /// <param name="operations">How many, rounded up to whole pieces.</param>
    public PeakLoad(string instruction, int threads, double operations)
        : this(PeakRate.LoopOf(instruction), threads, operations)
    {
    }

    /// <param name="loop">What repeats an instruction, and operations of each step.</param>
    /// <param name="threads">At least 1.</param>
    /// <param name="operations">How many, rounded up to whole pieces.</param>
    internal PeakLoad((Func<int, int> Loop, int StepOperations) loop, int threads, double operations)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        (_loop, var stepOperations) = loop;
        var steps = operations / stepOperations;
        var pieces = Math.Max(threads == 1 ? 1 : threads * PiecesPerThread, Math.Ceiling(steps / MostSteps));
        _pieceSteps = (int)Math.Max(1, Math.Ceiling(steps / pieces));
        _pieces = (long)Math.Ceiling(steps / _pieceSteps);
        Operations = (double)_pieces * _pieceSteps * stepOperations;
        _team = new WorkerTeam(threads);
        _job = Part;
    }

    /// <summary>Threads that compute, the caller's included.</summary>
    public int Threads => _team.Workers;

    /// <summary>Multiplications and additions of a run.</summary>
    public double Operations { get; }

    /// <summary>Computes all of them.</summary>
    public void Run()
    {
        _left = _pieces;
        _team.Run(_job, _team.Workers);
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose() => _team.Dispose();

    private void Part(int worker)
    {
        while (Interlocked.Decrement(ref _left) >= 0) _loop(_pieceSteps);
    }
}

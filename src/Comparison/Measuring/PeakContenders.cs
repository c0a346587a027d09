using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.Comparison.Measuring;

/// <summary>The processor without memory, on one thread and on several, to take its turn with what is measured: processors are not equally fast at all times.</summary>
internal sealed class PeakContenders : IDisposable
{
    private readonly double _operations;

    /// <param name="instruction">One of <see cref="PeakRate.Instructions"/>, or null for none.</param>
    /// <param name="operations">Multiplications and additions of what is measured.</param>
    /// <param name="threads">Threads of what is measured.</param>
    public PeakContenders(string? instruction, double operations, IEnumerable<int> threads)
    {
        _operations = operations;
        Loads = instruction is null ? [] : [.. threads.Append(1).Distinct().Order().Select(t => new PeakLoad(instruction, t, operations))];
    }

    /// <summary>In rising order of their threads.</summary>
    public IReadOnlyList<PeakLoad> Loads { get; }

    /// <summary>What the loads' own timings say of others.</summary>
    /// <param name="timings">One for each load.</param>
    public PeakBound Bound(IEnumerable<Timing> timings) =>
        new(_operations, Loads.Zip(timings).ToDictionary(p => p.First.Threads, p => p.First.Operations / p.Second.MedianMilliseconds / 1e6));

    /// <summary>Ends their threads.</summary>
    public void Dispose()
    {
        foreach (var load in Loads) load.Dispose();
    }
}

using QatKit.InferenceEngine.Cuda.Driver;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>Times work of one stream with events.</summary>
/// <remarks>An event waits for nothing but its turn in the stream. So that the stream never runs dry while the host queues work, replays of
/// the pass's graph go first and are not counted: they keep the device busy meanwhile, at its clock and with its caches as in service.</remarks>
internal sealed class PassTimer(ICudaDriver driver, CudaContext context, CudaStream stream, CudaGraph graph) : IDisposable
{
    private const int Chunk = 64;
    private const int HeadStart = 4;

    // The host queues some 170 launches and events of a pass in about one.
    private const double LaunchesHeadStartMilliseconds = 4;
    private readonly List<CudaEvent> _events = [];

    /// <summary>Milliseconds of each of <paramref name="count"/> replays of the graph.</summary>
    public double[] Replays(int count, CancellationToken cancellationToken)
    {
        var times = new double[count];
        for (var done = 0; done < count; done += Chunk)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Time([.. Enumerable.Repeat(() => driver.Launch(stream, graph), Math.Min(Chunk, count - done))], HeadStart).CopyTo(times, done);
        }

        return times;
    }

    /// <summary>Milliseconds of each launch by itself, the median of <paramref name="repetitions"/>.</summary>
    public double[] Launches(IReadOnlyList<CudaLaunch> launches, int repetitions, CancellationToken cancellationToken)
    {
        // Behind an event a kernel has no predecessor to overlap.
        var replay = Time([() => driver.Launch(stream, graph)], HeadStart)[0];
        var headStart = (int)Math.Clamp(Math.Ceiling(LaunchesHeadStartMilliseconds / Math.Max(replay, 1e-3)), HeadStart, Chunk);
        Action[] work = [.. launches.Select(l => l with { OverlapsPredecessor = false }).Select(l => (Action)(() => driver.Launch(stream, l)))];
        var times = new double[repetitions][];
        for (var r = 0; r < repetitions; r++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            times[r] = Time(work, headStart);
        }

        return [.. work.Select((_, i) => times.Select(t => t[i]).Order().ElementAt((repetitions - 1) / 2))];
    }

    /// <summary>Frees the events.</summary>
    public void Dispose() => _events.ForEach(e => e.Dispose());

    private double[] Time(Action[] work, int headStart)
    {
        while (_events.Count <= work.Length) _events.Add(driver.CreateEvent(context, timing: true));
        for (var i = 0; i < headStart; i++) driver.Launch(stream, graph);
        driver.Record(_events[0], stream);
        for (var i = 0; i < work.Length; i++)
        {
            work[i]();
            driver.Record(_events[i + 1], stream);
        }

        driver.Synchronize(stream);
        return [.. work.Select((_, i) => (double)driver.ElapsedMilliseconds(_events[i], _events[i + 1]))];
    }
}

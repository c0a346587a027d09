using System.Diagnostics;

namespace QatKit.Comparison.Measuring;

/// <summary>Times contenders in turn, so that whatever slows the machine for a while slows all of them.</summary>
/// <remarks>One sample: a pause, a call that is not counted, then calls for about <see cref="SampleMilliseconds"/>, of which the
/// mean is taken. The pause lets the threads of the contender before fall asleep, since those of ONNX Runtime spin for a
/// while after a call and would take the processor from the next contender; the call that is not counted wakes the
/// contender's own threads and fills its caches. Each contender so runs as it does under steady load. Only calls of more than
/// <see cref="LongMilliseconds"/> are counted at once: what the contender before left behind is a small part of them. Each round has an
/// order of its own, so that no contender always follows the same other one.</remarks>
internal static class AlternatingTimer
{
    private const double SampleMilliseconds = 10, LongMilliseconds = 100;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20), Warmup = TimeSpan.FromMilliseconds(300);

    /// <summary>Warms all contenders up and measures them in turn.</summary>
    /// <param name="contenders">Calls; each is made by the same thread.</param>
    /// <param name="rounds">Samples of each.</param>
    /// <param name="cancellationToken">Looked at between two samples.</param>
    public static IReadOnlyList<Timing> Measure(IReadOnlyList<Action> contenders, int rounds, CancellationToken cancellationToken)
    {
        double[] durations = [.. contenders.Select(c => WarmUp(c, cancellationToken))];
        var order = Enumerable.Range(0, contenders.Count).ToArray();
        var random = new Random(1);
        List<double>[] samples = [.. contenders.Select(_ => new List<double>())];
        for (var round = 0; round < rounds; round++)
        {
            random.Shuffle(order);
            foreach (var c in order)
            {
                cancellationToken.WaitHandle.WaitOne(Pause);
                cancellationToken.ThrowIfCancellationRequested();
                if (durations[c] < LongMilliseconds) contenders[c]();
                samples[c].Add(Milliseconds(contenders[c], Math.Clamp((int)(SampleMilliseconds / durations[c]), 1, 100)));
            }
        }

        return [.. samples.Select(Timing.Of)];
    }

    // At least three calls, so that code which was compiled quickly is compiled well; returns the last call's time.
    private static double WarmUp(Action contender, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        double last;
        var calls = 0;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            last = Milliseconds(contender, 1);
        }
        while (++calls < 3 || Stopwatch.GetElapsedTime(start) < Warmup);
        return last;
    }

    private static double Milliseconds(Action contender, int calls)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < calls; i++) contender();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / calls;
    }
}

using System.Diagnostics;

namespace QatKit.Comparison.Measuring;

/// <summary>Times contenders in turn, so that whatever slows the machine for a while slows all of them.</summary>
/// <remarks>One sample: a pause, a call that is not counted, then calls for about <see cref="SampleMilliseconds"/>, of which the
/// mean is taken. The pause lets the threads of the contender before fall asleep, since those of ONNX Runtime spin for a
/// while after a call and would take the processor from the next contender; the call that is not counted wakes the
/// contender's own threads and fills its caches. Each contender so runs as it does under steady load. A call that is a
/// sample by itself is counted at once: waking is a hundredth of it, and its weights are larger than the caches.</remarks>
internal static class AlternatingTimer
{
    private const double SampleMilliseconds = 10;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20), Warmup = TimeSpan.FromMilliseconds(300);

    /// <summary>Warms all contenders up and measures them in turn.</summary>
    /// <param name="contenders">Calls; each is made by the same thread.</param>
    /// <param name="rounds">Samples of each.</param>
    /// <param name="cancellationToken">Looked at between two samples.</param>
    public static IReadOnlyList<Timing> Measure(IReadOnlyList<Action> contenders, int rounds, CancellationToken cancellationToken)
    {
        int[] calls = [.. contenders.Select(c => Math.Clamp((int)(SampleMilliseconds / WarmUp(c, cancellationToken)), 1, 100))];
        List<double>[] samples = [.. contenders.Select(_ => new List<double>())];
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < contenders.Count; i++)
            {
                // Another one begins in every round.
                var c = (round + i) % contenders.Count;
                cancellationToken.WaitHandle.WaitOne(Pause);
                cancellationToken.ThrowIfCancellationRequested();
                if (calls[c] > 1) contenders[c]();
                samples[c].Add(Milliseconds(contenders[c], calls[c]));
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

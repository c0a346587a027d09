using System.Diagnostics;
using System.Diagnostics.Metrics;
using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Tests.Session;

public sealed class TelemetryTests
{
    private const int Tokens = 13;
    private static readonly BertArchitecture Tiny = new(1, 16, 2, 32, 20, 16, 2, 2);

    // Listeners hear of every session of the process, on the thread that calls it: those of other tests are on other threads.
    private Thread? _caller;
    private readonly List<string> _heard = [];

    [Fact]
    public void A_run_reports_duration_and_tokens_with_backend_and_tier()
    {
        _caller = Thread.CurrentThread;
        var durations = new List<double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "QatKit.InferenceEngine") l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            if (Hear($"{instrument.Name} {instrument.Unit} {Text(tags)}")) durations.Add(value);
        });
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear($"{instrument.Name} {instrument.Unit} {value} {Text(tags)}"));
        listener.Start();
        using var session = InferenceSession.Create(SyntheticGraph.Create(Tiny, 1), new SessionOptions { Threads = 1, CpuTier = CpuTier.Scalar });
        session.Run(SyntheticGraph.CreateBatch(Tiny, [Tokens], 1));
        Assert.Equal(["qatkit.inference.duration s backend=cpu kernel.tier=Scalar", $"qatkit.inference.tokens {{token}} {Tokens} backend=cpu kernel.tier=Scalar"], _heard);
        Assert.True(Assert.Single(durations) > 0);
    }

    [Fact]
    public void Load_and_run_are_activities()
    {
        _caller = Thread.CurrentThread;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "QatKit.InferenceEngine",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = a => Hear($"{a.OperationName} {a.GetTagItem("backend")} {a.GetTagItem("kernel.tier")} {a.GetTagItem("tokens")}"),
        };
        ActivitySource.AddActivityListener(listener);
        using var session = InferenceSession.Create(SyntheticGraph.Create(Tiny, 1), new SessionOptions { Threads = 1, CpuTier = CpuTier.Scalar });
        session.Run(SyntheticGraph.CreateBatch(Tiny, [Tokens], 1));
        Assert.Equal(["load cpu Scalar ", $"run cpu Scalar {Tokens}"], _heard);
    }

    private bool Hear(string what)
    {
        if (Thread.CurrentThread != _caller) return false;
        _heard.Add(what);
        return true;
    }

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags) => string.Join(' ', tags.ToArray().Select(t => $"{t.Key}={t.Value}"));
}

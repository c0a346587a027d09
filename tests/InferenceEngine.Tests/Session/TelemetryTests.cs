using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Tests.Session;

public sealed class TelemetryTests
{
    // No other test has a batch of this size, so measurements of tests that run at the same time can be told apart.
    private const int Tokens = 13;
    private static readonly BertArchitecture Tiny = new(1, 16, 2, 32, 20, 16, 2, 2);

    [Fact]
    public void A_run_reports_duration_and_tokens_with_backend_and_tier()
    {
        var durations = new ConcurrentBag<(double Value, string Tags)>();
        var tokens = new ConcurrentBag<(long Value, string Tags)>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "QatKit.InferenceEngine") l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => durations.Add((value, $"{instrument.Name} {instrument.Unit} {Text(tags)}")));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => tokens.Add((value, $"{instrument.Name} {Text(tags)}")));
        listener.Start();
        using var session = InferenceSession.Create(SyntheticGraph.Create(Tiny, 1), new SessionOptions { Threads = 1, CpuTier = CpuTier.Scalar });
        session.Run(SyntheticGraph.CreateBatch(Tiny, [Tokens], 1));
        Assert.Contains((Tokens, "qatkit.inference.tokens backend=cpu kernel.tier=Scalar"), tokens);
        Assert.Contains(durations, d => d.Value > 0 && d.Tags == "qatkit.inference.duration s backend=cpu kernel.tier=Scalar");
    }

    [Fact]
    public void Load_and_run_are_activities()
    {
        var activities = new ConcurrentBag<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "QatKit.InferenceEngine",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = a => activities.Add($"{a.OperationName} {a.GetTagItem("backend")} {a.GetTagItem("kernel.tier")} {a.GetTagItem("tokens")}"),
        };
        ActivitySource.AddActivityListener(listener);
        using var session = InferenceSession.Create(SyntheticGraph.Create(Tiny, 1), new SessionOptions { Threads = 1, CpuTier = CpuTier.Scalar });
        session.Run(SyntheticGraph.CreateBatch(Tiny, [Tokens], 1));
        Assert.Contains("load cpu Scalar ", activities);
        Assert.Contains($"run cpu Scalar {Tokens}", activities);
    }

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags) => string.Join(' ', tags.ToArray().Select(t => $"{t.Key}={t.Value}"));
}

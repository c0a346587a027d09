using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace QatKit.InferenceEngine;

/// <summary>Names and instruments of the engine's metrics and traces (System.Diagnostics, so OpenTelemetry reads them).</summary>
/// <remarks>An event source of the same name warns when a session falls back from CUDA to the processor.</remarks>
public static class EngineTelemetry
{
    /// <summary>Name of the <see cref="Meter"/> and of the <see cref="ActivitySource"/>.</summary>
    public const string Name = "QatKit.InferenceEngine";

    internal static readonly ActivitySource Activities = new(Name);
    private static readonly Meter EngineMeter = new(Name);
    private static readonly Histogram<double> Duration =
        EngineMeter.CreateHistogram<double>("qatkit.inference.duration", "s", "Duration of one Run call.");
    private static readonly Counter<long> Tokens =
        EngineMeter.CreateCounter<long>("qatkit.inference.tokens", "{token}", "Tokens processed.");

    internal static void RecordRun(IComputeBackend backend, long startTimestamp, int tokens)
    {
        if (!Duration.Enabled && !Tokens.Enabled) return;
        var tags = new TagList { { "backend", backend.Name }, { "kernel.tier", backend.Tier } };
        Duration.Record(Stopwatch.GetElapsedTime(startTimestamp).TotalSeconds, tags);
        Tokens.Add(tokens, tags);
    }
}

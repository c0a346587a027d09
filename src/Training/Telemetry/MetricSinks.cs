namespace QatKit.Training.Telemetry;

/// <summary>Passes records on to several sinks.</summary>
public sealed class MetricSinks(params IReadOnlyList<IMetricSink> sinks) : IMetricSink
{
    /// <inheritdoc/>
    public void Write(MetricRecord record)
    {
        foreach (var sink in sinks) sink.Write(record);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var sink in sinks) sink.Dispose();
    }
}

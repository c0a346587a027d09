namespace QatKit.Training.Telemetry;

/// <summary>Receives the numbers of a run.</summary>
public interface IMetricSink : IDisposable
{
    /// <summary>Takes one record.</summary>
    void Write(MetricRecord record);
}

/// <summary>Some numbers at one step of a stage.</summary>
/// <param name="Stage">Stage, such as <c>finetune</c>.</param>
/// <param name="Step">Optimizer steps done in the stage.</param>
/// <param name="Values">Names and values, such as <c>loss</c>; never empty.</param>
public sealed record MetricRecord(string Stage, long Step, IReadOnlyDictionary<string, double> Values);

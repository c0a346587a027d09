using TorchSharp;
using TorchSharp.Modules;

namespace QatKit.Training.Telemetry;

/// <summary>Writes records as TensorBoard scalars named <c>stage/name</c>.</summary>
public sealed class TensorBoardSink : IMetricSink
{
    private readonly SummaryWriter _writer;

    /// <summary>Writes event files into a folder.</summary>
    public TensorBoardSink(string folder)
    {
        Directory.CreateDirectory(folder);
        _writer = torch.utils.tensorboard.SummaryWriter(folder, createRunName: false);
    }

    /// <inheritdoc/>
    public void Write(MetricRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        foreach (var (name, value) in record.Values) _writer.add_scalar($"{record.Stage}/{name}", (float)value, (int)record.Step);
    }

    /// <inheritdoc/>
    public void Dispose() { } // The writer opens and closes its file for every scalar.
}

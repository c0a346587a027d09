using System.Text.Json;

namespace QatKit.Training.Telemetry;

/// <summary>Appends records to a file, one JSON object per line: <c>{"time":...,"stage":...,"step":...,"loss":...}</c>.</summary>
/// <remarks>The file is the truth about a run; a run that is resumed repeats the steps after its last checkpoint, and the later line counts.
/// A line that a killed process left half written is cut off.</remarks>
public sealed class JsonLinesSink : IMetricSink
{
    private readonly StreamWriter _writer;
    private readonly TimeProvider _time;

    /// <summary>Opens a file for appending.</summary>
    public JsonLinesSink(string path, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        CutTornLine(path);
        _writer = new StreamWriter(path, append: true) { AutoFlush = true };
    }

    /// <inheritdoc/>
    public void Write(MetricRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        var line = new Dictionary<string, object> { ["time"] = _time.GetUtcNow(), ["stage"] = record.Stage, ["step"] = record.Step };
        foreach (var (name, value) in record.Values) line[name] = value;
        _writer.WriteLine(JsonSerializer.Serialize(line));
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private static void CutTornLine(string path)
    {
        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite);
        var end = file.Length;
        for (; end > 0; end--)
        {
            file.Position = end - 1;
            if (file.ReadByte() == '\n') break;
        }

        file.SetLength(end);
    }
}

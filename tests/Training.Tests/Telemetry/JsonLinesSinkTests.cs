using System.Text.Json;
using QatKit.TestKit;
using QatKit.Training.Telemetry;

namespace QatKit.Training.Tests.Telemetry;

public sealed class JsonLinesSinkTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData("{\"step\":1}\n", 1)]
    [InlineData("{\"step\":1}\n{\"step\":2,\"lo", 1)]
    [InlineData("{\"st", 0)]
    public void A_torn_line_is_cut_off_before_more_is_written(string before, int kept)
    {
        using var folder = new TempFolder();
        var path = folder.WriteText("metrics.jsonl", before);
        using (var sink = new JsonLinesSink(path, TimeProvider.System))
            sink.Write(new MetricRecord("qat", 7, new Dictionary<string, double> { ["loss"] = 0.5 }));
        var lines = File.ReadAllLines(path);
        Assert.Equal(kept + 1, lines.Length);
        Assert.All(lines, line => JsonDocument.Parse(line).Dispose());
        Assert.Contains("\"step\":7", lines[^1], StringComparison.Ordinal);
    }
}

using System.Globalization;
using System.Text.Json;
using QatKit.Cli.CommandLine;
using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.TestKit;

namespace QatKit.Cli.Tests;

public sealed class ModelVerbTests : IDisposable
{
    private readonly ModelFixture _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public async Task Predict_answers_with_the_reference_logits()
    {
        var (code, output, error) = await CliRunner.Run("predict", _model.Folder, "--tokens", "2,7,9,3", "--json");
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        using var json = JsonDocument.Parse(output);
        var answer = json.RootElement[0];
        var expected = ReferenceExecutor.Run(_model.Artifact.Graph, TokenBatch.FromSequences([[2, 7, 9, 3]]));
        TensorAssert.BitEqual(expected, answer.GetProperty("logits").EnumerateArray().Select(v => v.GetSingle()).ToArray());
        Assert.Equal(expected[0] >= expected[1] ? "negative" : "positive", answer.GetProperty("label").GetString());
        Assert.InRange(answer.GetProperty("probability").GetDouble(), 0.5, 1);
    }

    [Theory]
    [InlineData("Th\u00e9 f\u00eflm w\u00e3s g\u00f3od")]
    [InlineData("the film\twas\r\ngood")]
    [InlineData("the fi\u200blm was good")]
    public async Task Predict_reads_accents_tabs_lines_and_invisible_characters(string text)
    {
        var (_, expected, _) = await CliRunner.Run("predict", _model.Folder, "the film was good", "--json");
        var (_, output, _) = await CliRunner.Run("predict", _model.Folder, text, "--json");
        Assert.Equal(Logits(expected), Logits(output));

        static string Logits(string json)
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement[0].GetProperty("logits").GetRawText();
        }
    }

    [Fact]
    public async Task Predict_writes_one_line_per_text_and_reads_pairs_from_a_file()
    {
        using var folder = new TempFolder();
        var file = folder.WriteText("texts.txt", "the film was good\n\nthe film was bad\tthe plot was good\n");
        var (code, output, error) = await CliRunner.Run("predict", _model.Folder, "--file", file);
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        var lines = output.TrimEnd().Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Matches(@"^(negative|positive) \(\d+\.\d %\): the film was good$", lines[0]);
        Assert.EndsWith(": the film was bad | the plot was good", lines[1], StringComparison.Ordinal);

        var (_, single, _) = await CliRunner.Run("predict", _model.Folder, "the film was bad", "the plot was good");
        Assert.Equal(lines[1], single.TrimEnd());
    }

    [Fact]
    public async Task A_text_may_start_with_an_at_sign()
    {
        var (code, output, error) = await CliRunner.Run("predict", _model.Folder, "@united thanks");
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        Assert.EndsWith(": @united thanks\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Predictions_are_the_same_under_a_Turkish_culture()
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
            var expected = await CliRunner.Run("predict", _model.Folder, "THE FILM IS FINE");
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("tr-TR");
            Assert.Equal(expected, await CliRunner.Run("predict", _model.Folder, "THE FILM IS FINE"));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public async Task Inspect_shows_every_layer_and_the_facts()
    {
        var (code, output, error) = await CliRunner.Run("inspect", _model.Folder);
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        var lines = output.Split('\n');
        foreach (var linear in _model.Artifact.Graph.Linears)
        {
            var cells = Assert.Single(lines, l => l.StartsWith(linear.Name + " ", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(linear.Width.ToString().ToLowerInvariant(), cells[1]);
            Assert.Equal($"[{linear.Out}, {linear.In}]", $"{cells[2]} {cells[3]}");
            Assert.Equal(linear.Mask is null ? "dense" : "2:4", cells[4]);
        }

        Assert.Contains(lines, l => l.StartsWith("architecture 2 layers, hidden 32, 2 heads, feed-forward 64", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("dev.accuracy 0.5", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("seed         1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Inspect_json_has_sizes_and_sparsity()
    {
        var (_, output, _) = await CliRunner.Run("inspect", _model.Folder, "--json");
        using var json = JsonDocument.Parse(output);
        var root = json.RootElement;
        Assert.Equal(Directory.EnumerateFiles(_model.Folder).Sum(f => new FileInfo(f).Length), root.GetProperty("fileBytes").GetInt64());
        Assert.Equal("2:4", root.GetProperty("layers")[0].GetProperty("sparsity").GetString());
        Assert.InRange(root.GetProperty("layers")[0].GetProperty("nonZero").GetDouble(), 0.45, 0.5);
    }
}

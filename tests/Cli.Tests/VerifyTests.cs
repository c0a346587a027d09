using System.Text.Json;
using QatKit.Cli.CommandLine;
using QatKit.TestKit;
using QatKit.Training.Recipes;
using QatKit.Training.Verification;

namespace QatKit.Cli.Tests;

public sealed class VerifyTests : IDisposable
{
    private readonly ModelFixture _model = new();
    private readonly TempFolder _output = new();

    public void Dispose()
    {
        _model.Dispose();
        _output.Dispose();
    }

    [Fact]
    public async Task A_sound_model_is_bit_equal_and_leaves_two_reports()
    {
        var (code, output, error) = await CliRunner.Run("verify", _model.Folder, "--data", "builtin:reviews", "--limit", "20", "--output", _output.Path);
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        Assert.Contains("P1 equal bits ok", output.ReplaceLineEndings(" ").Replace("  ", " ", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.EndsWith($"bit-equal on 20 examples; report in {_output.Combine("parity.md")}\n", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(File.ReadAllText(_output.Combine("parity.json")));
        Assert.True(json.RootElement.GetProperty("bitEqual").GetBoolean());
        Assert.Equal(20, json.RootElement.GetProperty("examples").GetInt32());
        Assert.StartsWith("# Parity report: passed, bit-equal", File.ReadAllText(_output.Combine("parity.md")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_is_the_report()
    {
        var data = _output.WriteText("data.tsv", "sentence\tlabel\nthe film was good\t1\nthe plot was bad\t0\n");
        var (code, output, _) = await CliRunner.Run("verify", _model.Folder, "--data", data, "--output", _output.Path, "--json");
        Assert.Equal(ExitCode.Ok, code);
        Assert.Equal(File.ReadAllText(_output.Combine("parity.json")), output);
    }

    [Fact]
    public async Task A_file_of_unknown_format_asks_for_one()
    {
        var data = _output.WriteText("data.txt", "hello\n");
        var (code, output, error) = await CliRunner.Run("verify", _model.Folder, "--data", data);
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.Equal($"error QK5104 {data}: the format of this file is not clear. Pass --format with one of sst2, mrpc, rte, cola, stsb, qnli, mnli, csv, tsv, jsonl.\n", error);
    }

    [Fact]
    public void Columns_of_a_run_are_read_with_their_pair()
    {
        var data = _output.WriteText("data.jsonl", """{"text": "unused", "a": "the film was good", "b": "it was bad", "stars": "positive"}""");
        var columns = new ColumnsSection { Text = "a", Pair = "b", Label = "stars" };
        var examples = VerificationData.Load(data, null, _model.Artifact, columns: columns);
        Assert.Equal([1f], examples.Labels);
        Assert.Equal([0, 0, 0, 0, 0, 0, 1, 1, 1, 1], examples.Sequences[0].TokenTypeIds);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-3")]
    public async Task A_limit_below_one_is_a_usage_error(string limit)
    {
        var (code, output, error) = await CliRunner.Run("verify", _model.Folder, "--data", "builtin:reviews", "--limit", limit);
        Assert.Equal((ExitCode.Usage, "", "--limit must be at least 1.\n\n"), (code, output, error));
    }

    [Fact]
    public async Task A_missing_data_file_is_named()
    {
        var (code, _, error) = await CliRunner.Run("verify", _model.Folder, "--data", _output.Combine("none.csv"));
        Assert.Equal((ExitCode.InvalidInput, $"error QK1101 {_output.Combine("none.csv")}: the data file does not exist. Correct the path in the recipe, or put the file there.\n"), (code, error));
    }
}

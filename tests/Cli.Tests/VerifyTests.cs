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

    [Fact]
    public async Task Classes_are_matched_by_name_not_by_order()
    {
        using var other = new ModelFixture("Positive", "negative");
        var data = _output.WriteText("dev.tsv", "sentence\tlabel\nthe film was good\t1\nthe plot was bad\t0\n");
        Assert.Equal([1f, 0f], VerificationData.Load(data, null, _model.Artifact).Labels);
        Assert.Equal([0f, 1f], VerificationData.Load(data, null, other.Artifact).Labels);

        using var unnamed = new ModelFixture("LABEL_0", "LABEL_1");
        var (code, _, error) = await CliRunner.Run("verify", unnamed.Folder, "--data", data, "--output", _output.Path);
        Assert.Equal((ExitCode.Ok, "warning: the model does not name its classes; they are taken for negative, positive, in this order.\n"), (code, error));
    }

    [Theory]
    [InlineData("mnli", "the classes entailment, neutral, contradiction", "the classes negative, positive", "negative", "positive")]
    [InlineData("qnli", "the classes entailment, not_entailment", "the classes negative, positive", "negative", "positive")]
    [InlineData("stsb", "scores", "the classes negative, positive", "negative", "positive")]
    [InlineData("sst2", "the classes negative, positive", "scores", "score")]
    [InlineData("mnli", "the classes entailment, neutral, contradiction", "the classes LABEL_0, LABEL_1", "LABEL_0", "LABEL_1")]
    public async Task Data_of_another_task_is_refused(string format, string data, string model, params string[] labels)
    {
        using var other = new ModelFixture(labels);
        var file = _output.WriteText("dev.tsv", "sentence\tlabel\nthe film was good\t1\n");
        var (code, output, error) = await CliRunner.Run("verify", other.Folder, "--data", file, "--format", format);
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.Equal($"error QK1123 {file}: the data has {data}, the model in {other.Folder} has {model}. Pass data of the model's own task; --format tells the format of a file.\n", error);
    }

    [Fact]
    public async Task Built_in_reviews_do_not_verify_a_regression()
    {
        using var regression = new ModelFixture("score");
        var (code, _, error) = await CliRunner.Run("verify", regression.Folder, "--data", "builtin:reviews");
        Assert.Equal((ExitCode.InvalidInput, $"error QK1123 builtin:reviews: the data has the classes negative, positive, the model in {regression.Folder} has scores. Pass data of the model's own task; --format tells the format of a file.\n"), (code, error));
    }

    [Theory]
    [InlineData("--max-metric-loss", "0")]
    [InlineData("--max-local-mismatch", "0.1")]
    [InlineData("--min-argmax-agreement", "1")]
    public async Task A_gate_without_a_checkpoint_is_a_usage_error(string gate, string value)
    {
        var (code, output, error) = await CliRunner.Run("verify", _model.Folder, "--data", "builtin:reviews", gate, value);
        Assert.Equal((ExitCode.Usage, "", $"{gate} needs --checkpoint: without it there is nothing that the engine could be worse than.\n\n"), (code, output, error));
    }

    [Fact]
    public async Task Equal_classes_of_a_regression_are_no_gate()
    {
        using var regression = new ModelFixture("score");
        var (code, output, error) = await CliRunner.Run("verify", regression.Folder, "--data", "builtin:reviews", "--checkpoint", _output.Path, "--min-argmax-agreement", "1");
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.Equal("error QK5107 --min-argmax-agreement: the model is a regression: its one output is always the largest, so this gate could not fail. Leave it out; --max-local-mismatch and --max-metric-loss are the gates of a regression.\n", error);
    }

    [Fact]
    public void The_extension_of_a_data_file_may_be_in_capitals()
    {
        var data = _output.WriteText("DEV.TSV", "sentence\tlabel\nthe film was good\t1\n");
        Assert.Equal([1f], VerificationData.Load(data, null, _model.Artifact).Labels);
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

using System.Text.Json;
using QatKit.Cli.CommandLine;
using QatKit.TestKit;
using QatKit.Training.Bert;

namespace QatKit.Cli.Tests;

public sealed class OnnxVerbTests : IDisposable
{
    private readonly ModelFixture _model = new();
    private readonly TempFolder _folder = new();

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Export_writes_an_int8_file_and_inspect_reads_it()
    {
        var path = _folder.Combine("onnx", "model.onnx");
        var (code, output, error) = await CliRunner.Run("export", _model.Folder, "--onnx", path);
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        Assert.StartsWith($"Wrote {path}, read it back and checked it.\n", output, StringComparison.Ordinal);
        Assert.Matches(@"INT8 products\s+11 of 14\n", output); // Float: softmax times value in two layers, and the classifier.
        var table = output[(output.IndexOf('\n', StringComparison.Ordinal) + 1)..];
        Assert.Equal((ExitCode.Ok, table, ""), await CliRunner.Run("inspect", path));

        (code, output, _) = await CliRunner.Run("inspect", path, "--json");
        Assert.Equal(ExitCode.Ok, code);
        using var json = JsonDocument.Parse(output);
        Assert.Equal(0, json.RootElement.GetProperty("problems").GetArrayLength());
        Assert.Equal(new FileInfo(path).Length, json.RootElement.GetProperty("summary").GetProperty("bytes").GetInt64());
    }

    [Fact]
    public async Task Export_compares_onnx_runtime_with_the_engine_on_examples()
    {
        var texts = _folder.WriteText("dev.txt", "sentence\tlabel\nthe film was good\t1\nthe plot was bad\t0\n");
        var (code, output, error) = await CliRunner.Run("export", _model.Folder, "--onnx", _folder.Combine("m.onnx"), "--data", texts, "--format", "sst2");
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        var table = output[output.IndexOf("ONNX Runtime", StringComparison.Ordinal)..].TrimEnd().Split('\n');
        Assert.Equal(4, table.Length);
        Assert.Matches(@"^session\.x64quantprecision = 1\s+\d of 2 \(\d+\.\d\d %\)\s+0\.\d+\s+0\.\d+$", table[2].TrimEnd());
    }

    [Fact]
    public async Task Float_takes_an_artifacts_codes_or_a_checkpoints_weights()
    {
        var (code, output, error) = await CliRunner.Run("export", _model.Folder, "--onnx", _folder.Combine("a", "f.onnx"), "--float");
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        Assert.Matches(@"INT8 products\s+0 of 14\n", output);

        var checkpoint = _folder.Combine("checkpoint");
        using (var model = new BertForSequenceClassification(new BertConfig { VocabSize = 30, HiddenSize = 16, Layers = 1, Heads = 2, IntermediateSize = 32, MaxPositions = 8 }, 1))
            BertCheckpoint.Save(model, checkpoint, ["bad", "good"]);
        (code, output, error) = await CliRunner.Run("export", checkpoint, "--onnx", _folder.Combine("b", "f.onnx"), "--float");
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        Assert.Matches(@"qatkit\.form\s+float32\n", output);
        using (var config = JsonDocument.Parse(File.ReadAllText(_folder.Combine("b", "config.json"))))
            Assert.Equal("good", config.RootElement.GetProperty("id2label").GetProperty("1").GetString());

        // There is no engine to compare a checkpoint with; that is told before a file is written.
        (code, output, error) = await CliRunner.Run("export", checkpoint, "--onnx", _folder.Combine("d", "f.onnx"), "--float", "--data", "builtin:reviews");
        Assert.Equal((ExitCode.InvalidInput, "", $"error QK4304 {checkpoint}: this is a float checkpoint: there are no scales, so there is no INT8 model. Run a recipe first, or write it with --float and without --data.\n"), (code, output, error));
        Assert.False(Directory.Exists(_folder.Combine("d")));

        (code, _, error) = await CliRunner.Run("export", checkpoint, "--onnx", _folder.Combine("c", "m.onnx"));
        Assert.Equal((ExitCode.InvalidInput, $"error QK4304 {checkpoint}: this is a float checkpoint: there are no scales, so there is no INT8 model. Run a recipe first, or write it with --float and without --data.\n"), (code, error));
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("qatkit.json")]
    [InlineData("SHA256SUMS")]
    [InlineData("tokenizer_config.json")]
    [InlineData("config.json")]
    public async Task A_name_that_another_file_of_a_model_has_is_refused(string name)
    {
        foreach (var path in (string[])[_model.Combine(name), _folder.Combine("new", name)])
        {
            var before = File.Exists(path) ? File.ReadAllBytes(path) : null;
            var (code, output, error) = await CliRunner.Run("export", _model.Folder, "--onnx", path);
            Assert.Equal((ExitCode.InvalidInput, "", $"error QK4305 {path}: a file of this name belongs to the model's folder. Name the ONNX file otherwise, for example model.onnx.\n"), (code, output, error));
            Assert.Equal(before, File.Exists(path) ? File.ReadAllBytes(path) : null);
        }
    }

    [Fact]
    public async Task Inspect_tells_every_problem_and_nonsense_is_refused()
    {
        var path = _folder.WriteText("text.onnx", "no model");
        var (code, _, error) = await CliRunner.Run("inspect", path);
        Assert.Equal(ExitCode.InvalidInput, code);
        Assert.StartsWith($"error QK4310 {path}: ", error, StringComparison.Ordinal);

        (code, _, error) = await CliRunner.Run("export", _folder.Path, "--onnx", _folder.Combine("m.onnx"));
        Assert.Equal((ExitCode.InvalidInput, $"error QK4304 {_folder.Path}: this is neither an exported model nor a finished run. Pass a folder that holds qatkit.json or recipe.yaml.\n"), (code, error));
        Assert.Equal((ExitCode.Usage, "", "--format goes with --data.\n\n"), await CliRunner.Run("export", _model.Folder, "--onnx", "m.onnx", "--format", "sst2"));
        Assert.Equal(ExitCode.Usage, (await CliRunner.Run("export", _model.Folder, "--float")).Code);
        Assert.Equal(ExitCode.Usage, (await CliRunner.Run("export", _model.Folder, "--onnx", "m.onnx", "--output", "x")).Code);
    }
}

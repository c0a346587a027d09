using System.Text.Json;
using QatKit.Cli.CommandLine;
using QatKit.TestKit;

namespace QatKit.Cli.Tests;

/// <summary>The whole road on a small part of the built-in data, and the verbs that work on a finished run.</summary>
public sealed class RunTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string[] Arguments =>
    [
        "run", RepositoryRoot.Combine("recipes", "quickstart.yaml"), "--output", _folder.Combine("run"),
        "--set", "train.epochs=1", "--set", "quantization.epochs=1", "--set", "task.train_limit=256", "--set", "task.dev_limit=40", "--set", "verify.max_metric_loss=1", "--set", "verify.examples=30",
    ];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Run_verify_and_export_agree()
    {
        var (code, output, error) = await CliRunner.Run(Arguments);
        Assert.Equal("", error);
        Assert.Equal(ExitCode.Ok, code);
        var lines = output.TrimEnd().Split('\n');
        Assert.Matches(@"^prediction: (negative|positive) \(\d+\.\d %\): .+", lines[^1]);
        Assert.Contains(lines, l => l.StartsWith("bit-equal on 30 examples", StringComparison.Ordinal));
        Assert.Contains("model: random weights", lines);
        Assert.Contains(lines, l => l.StartsWith("finetune  loss 0.", StringComparison.Ordinal) && l.EndsWith("step 1/4", StringComparison.Ordinal));
        Assert.DoesNotContain("\u001b", output, StringComparison.Ordinal);

        // The same ladder from the files of the run.
        var model = _folder.Combine("run", "model");
        (code, output, error) = await CliRunner.Run("verify", model, "--checkpoint", _folder.Combine("run"), "--data", "builtin:reviews", "--limit", "40", "--output", _folder.Combine("again"), "--json");
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        using var again = JsonDocument.Parse(output);
        using var before = JsonDocument.Parse(File.ReadAllText(_folder.Combine("run", "parity.json")));
        Assert.Equal(before.RootElement.GetProperty("accuracy").GetRawText(), again.RootElement.GetProperty("accuracy").GetRawText());
        Assert.Equal(before.RootElement.GetProperty("layerParity").GetRawText(), again.RootElement.GetProperty("layerParity").GetRawText());

        // A gate of the command line outranks the recipe's.
        (code, _, _) = await CliRunner.Run("verify", model, "--checkpoint", _folder.Combine("run"), "--data", "builtin:reviews", "--limit", "40", "--output", _folder.Combine("again"), "--max-metric-loss", "-2");
        Assert.Equal(ExitCode.GateFailed, code);

        // A gate that nothing can be measured for, and a run that did not make the model.
        var unlabelled = _folder.WriteText("texts.csv", "text\nthe film was good\n");
        (code, output, error) = await CliRunner.Run("verify", model, "--checkpoint", _folder.Combine("run"), "--data", unlabelled, "--max-metric-loss", "0");
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.Equal($"error QK5107 --max-metric-loss: not every row of {unlabelled} has a label, so there is no metric, and this gate could not fail. Leave it out, or pass data with labels.\n", error);

        // The recipe's gate on the metric does not vanish unnoticed.
        (code, _, error) = await CliRunner.Run("verify", model, "--checkpoint", _folder.Combine("run"), "--data", unlabelled, "--output", _folder.Combine("again"));
        Assert.Equal(ExitCode.Ok, code);
        Assert.Contains($"warning: {unlabelled} has no labels: verify.max_metric_loss of the recipe is not checked.\n", error);
        var some = _folder.WriteText("some.jsonl", "{\"text\": \"the film was good\", \"label\": \"positive\"}\n{\"text\": \"the film was bad\"}\n");
        (code, output, error) = await CliRunner.Run("verify", model, "--checkpoint", _folder.Combine("run"), "--data", some);
        Assert.Equal((ExitCode.InvalidInput, "", $"error QK5109 {some}: 1 of 2 rows have no label, so there is no metric to compare with the float model's. Label them, or pass a file without labels.\n"), (code, output, error));
        using (var other = new ModelFixture("positive", "negative"))
        {
            (code, output, error) = await CliRunner.Run("verify", other.Folder, "--checkpoint", _folder.Combine("run"), "--data", "builtin:reviews");
            string Difference(string name, string run, string ofModel) => $"error QK1124 {_folder.Combine("run")}: {name} of the run = {run}, of the model in {other.Folder} = {ofModel}. Pass the run that made the model.\n";
            Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
            Assert.Equal(
                Difference("hidden size", "64", "32") + Difference("feed-forward size", "128", "64") + Difference("positions", "64", "16") + Difference("labels", "negative, positive", "positive, negative"),
                error);
        }

        // Freezing the checkpoint again gives the same model: tensors, provenance, evaluation.
        var copy = _folder.Combine("copy");
        (code, output, error) = await CliRunner.Run("export", _folder.Combine("run"), "--output", copy);
        Assert.Equal((ExitCode.Ok, $"Wrote {copy}, read it back and compared it.\n", ""), (code, output, error));
        foreach (var file in Directory.GetFiles(model))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(copy, Path.GetFileName(file))));
        Assert.Equal(Directory.GetFiles(model).Length, Directory.GetFiles(copy).Length);

        // What the model would say about itself is checked before anything is written.
        var evaluation = _folder.Combine("run", "evaluation.json");
        File.WriteAllText(evaluation, "{\"dev.fp32\": ");
        (code, output, error) = await CliRunner.Run("export", _folder.Combine("run"), "--output", _folder.Combine("none"));
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.StartsWith($"error QK1135 {evaluation}: the file is not what a run writes: ", error, StringComparison.Ordinal);
        Assert.EndsWith(" Restore it, or remove it: the model is then exported without what it says.\n", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.Combine("none")));

        // A finished run is not overwritten.
        (code, _, error) = await CliRunner.Run(Arguments);
        Assert.Equal((ExitCode.InvalidInput, $"error QK1133 {_folder.Combine("run")}: the folder is not empty. Resume the run in it with --resume, or name another folder with --output.\n"), (code, error));
    }

    [Fact]
    public async Task A_cancelled_run_exits_with_130()
    {
        using var cancelled = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await QatKitCli.RunAsync([.. Arguments, "--set", "train.epochs=500"], new CommandContext(output, error, isTerminal: false, noColor: true), cancelled.Token);
        Assert.Equal((ExitCode.Cancelled, "cancelled"), (code, error.ToString().Trim()));
        Assert.False(Directory.Exists(_folder.Combine("run", "model")));
    }

    [Fact]
    public async Task Export_of_a_folder_that_is_no_run()
    {
        var (code, output, error) = await CliRunner.Run("export", _folder.Path);
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.Equal($"error QK1134 {_folder.Path}: the folder holds no finished run (recipe.yaml and checkpoints/fake-quant.safetensors). Pass the folder that 'qatkit run' wrote, or let the run finish with --resume.\n", error);
    }
}

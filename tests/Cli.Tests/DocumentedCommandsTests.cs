using System.CommandLine.Parsing;
using QatKit.Cli.CommandLine;
using QatKit.TestKit;

namespace QatKit.Cli.Tests;

/// <summary>Commands of README, docs and <c>--help</c> do what they say, one after the other in one folder, as a reader types them.</summary>
[Collection(CurrentFolderCollection.Name)]
public sealed class DocumentedCommandsTests
{
    // A part of every command that is not run here: it takes minutes, or needs a GPU, its compiler, or a download.
    private static readonly string[] NotRun = ["run ", "bench ", "kernels ", "--backend cuda", "../shared/"];

    [Fact]
    public async Task Commands_that_are_quick_and_need_nothing_work()
    {
        using var folder = new TempFolder();
        foreach (var recipe in Directory.GetFiles(RepositoryRoot.Combine("recipes"))) folder.WriteText(Path.Combine("recipes", Path.GetFileName(recipe)), File.ReadAllText(recipe));
        folder.WriteText("texts.txt", "the film was good\n");
        var before = Environment.CurrentDirectory;
        try
        {
            Environment.CurrentDirectory = folder.Path;
            string[] shorter = ["train.epochs=1", "quantization.epochs=1", "task.train_limit=256", "task.dev_limit=20", "verify.max_metric_loss=1", "verify.examples=10"];
            await Succeeds(["run", "recipes/quickstart.yaml", .. shorter.SelectMany(s => new[] { "--set", s })]);
            var commands = DocumentationTests.AllCommands().Where(c => !NotRun.Any(part => c.Contains(part, StringComparison.Ordinal))).ToList();
            Assert.True(commands.Count >= 20, string.Join('\n', commands));
            foreach (var command in commands) await Succeeds([.. CommandLineParser.SplitCommandLine(command)]);
            Assert.True(File.Exists("mine.yaml") && File.Exists(Path.Combine("out", "model.onnx")));
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }
    }

    private static async Task Succeeds(string[] arguments)
    {
        var (code, output, error) = await CliRunner.Run(arguments);
        Assert.True((code, error) is (ExitCode.Ok, "") || (code == ExitCode.Ok && error.StartsWith("CUDA is not used: ", StringComparison.Ordinal)), $"qatkit {string.Join(' ', arguments)}: exit code {code}\n{error}{output}");
    }
}

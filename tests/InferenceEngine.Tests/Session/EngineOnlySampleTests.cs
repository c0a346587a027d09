using System.Diagnostics;
using System.Globalization;
using QatKit.Core.Artifact;
using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.Export;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Session;

/// <summary>What a deployment needs: the published sample is small, has no torch in it, and runs.</summary>
public sealed class EngineOnlySampleTests
{
    private const long SizeLimit = 3 * 1024 * 1024;

    [Fact]
    public async Task The_published_sample_is_small_has_no_torch_and_runs()
    {
        using var folder = new TempFolder();
        var app = Path.Combine(folder.Path, "app");
        // The sample was built with these tests, in the same configuration (the name of the output folder).
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        await Run("dotnet", "publish", RepositoryRoot.Combine("samples", "EngineOnly"), "--no-build", "-c", configuration, "-o", app);
        var files = new DirectoryInfo(app).GetFiles("*", SearchOption.AllDirectories);
        Assert.Equal(["QatKit.Core.dll", "QatKit.EngineOnly.dll", "QatKit.InferenceEngine.dll", "QatKit.Sparsity.dll"],
            files.Where(f => f.Extension == ".dll").Select(f => f.Name).Order(StringComparer.Ordinal));
        Assert.InRange(files.Sum(f => f.Length), 1, SizeLimit);

        var architecture = new BertArchitecture(1, 16, 2, 32, 20, 16, 2, 2);
        var graph = SyntheticGraph.Create(architecture, 1);
        var model = Path.Combine(folder.Path, "model");
        ArtifactWriter.Write(graph, new ArtifactDetails { Labels = ["no", "yes"], MaxSequenceLength = 16, LowerCase = true }, null, model, TestContext.Current.CancellationToken);
        var output = await Run("dotnet", Path.Combine(app, "QatKit.EngineOnly.dll"), model, "1,2,3", "4");
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.Matches("^(CPU|CUDA)", lines[0]);
        var logits = lines.Skip(1).SelectMany(l => l.Split(' ')).Select(v => float.Parse(v, CultureInfo.InvariantCulture)).ToArray();
        TensorAssert.BitEqual(ReferenceExecutor.Run(graph, TokenBatch.FromSequences([[1, 2, 3], [4]])), logits, 2);
    }

    private static async Task<string> Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var reading = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await reading;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {output}{error}");
        return output;
    }
}

using System.Diagnostics;
using QatKit.InferenceEngine.Benchmarking;
using QatKit.TestKit;

namespace QatKit.GpuCheck.Tests;

/// <summary>The scripts of benchmarks/peers measure the shapes of this engine; without torch they say so.</summary>
public sealed class PeerScriptTests
{
    [Theory]
    [InlineData("bert_fp16.py")]
    [InlineData("int8_gemm.py")]
    public async Task A_dry_run_lists_every_shape_of_the_table(string script)
    {
        var (code, output) = await Python(script, "--dry-run");
        Assert.True(code == 0, output);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(16, lines.Length);
        foreach (var model in new[] { "bert-large", "bert-base" })
        {
            var a = ModelShape.Parse(model, 512);
            foreach (var (batch, length) in from batch in new[] { 1, 8, 32, 128 } from length in new[] { 128, 384 } select (batch, length))
            {
                int t = batch * length, h = a.Hidden, f = a.Intermediate;
                var shapes = script == "int8_gemm.py"
                    ? $"{model} b{batch} s{length}: {a.Layers} x (X[{t}, {h}] W[{3 * h}, {h}], X[{t}, {h}] W[{h}, {h}], X[{t}, {h}] W[{f}, {h}], X[{t}, {f}] W[{h}, {f}]): "
                    : $"{model} ({a.Layers}, {h}, {a.Heads}, {f}) b{batch} s{length}: ";
                Assert.Single(lines, l => l.StartsWith(shapes, StringComparison.Ordinal));
            }
        }
    }

    private static async Task<(int Code, string Output)> Python(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo("python3", ["-B", RepositoryRoot.Combine("benchmarks", "peers", script), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("python3 is not here.");
            throw;
        }

        using (process)
        {
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return (process.ExitCode, output + await error);
        }
    }
}

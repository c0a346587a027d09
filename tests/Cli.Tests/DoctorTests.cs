using System.Text.Json;
using QatKit.Cli.CommandLine;
using QatKit.InferenceEngine;

namespace QatKit.Cli.Tests;

public sealed class DoctorTests
{
    [Fact]
    public async Task Doctor_names_every_component()
    {
        var (code, output, error) = await CliRunner.Run("doctor");
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        var lines = output.TrimEnd().Split('\n');
        Assert.Equal(["component", "state", "detail", "remedy"], lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        foreach (var component in (string[])["qatkit", "runtime", "cpu Scalar", "cpu Avx2", "cpu AvxVnni", "cpu Avx512Vnni", "libtorch", "cuda driver", "nvrtc", "kernel cache", "backend"])
            Assert.Single(lines, l => l.StartsWith(component + " ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Json_agrees_with_the_probe_and_every_missing_component_has_a_remedy()
    {
        var (_, output, _) = await CliRunner.Run("doctor", "--json");
        using var json = JsonDocument.Parse(output);
        var findings = json.RootElement.EnumerateArray().ToDictionary(f => f.GetProperty("component").GetString()!);
        foreach (var tier in BackendProbe.Probe().Where(t => t.Backend == "cpu"))
            Assert.Equal(tier.IsAvailable ? "Ok" : "Missing", findings[$"{tier.Backend} {tier.Tier}"].GetProperty("state").GetString());
        Assert.Equal(BackendProbe.ProbeCuda().Driver is null ? "Missing" : "Ok", findings["cuda driver"].GetProperty("state").GetString());
        Assert.All(findings.Values, f => Assert.Equal(f.GetProperty("state").GetString() == "Missing", f.GetProperty("remedy").GetString()!.Length > 0));
    }
}

using System.Diagnostics;
using System.Text.Json;
using QatKit.TestKit;

namespace QatKit.Core.Tests.Architecture;

/// <summary>The MSBuild property QatKitTorch chooses the native torch package of an application.</summary>
public sealed class TorchPackageChoiceTests
{
    private static readonly string Project = RepositoryRoot.Combine("src", "Cli", "QatKit.Cli.csproj");

    [Theory]
    [InlineData("", "TorchSharp-cpu")]
    [InlineData("-p:QatKitTorch=cpu", "TorchSharp-cpu")]
    [InlineData("-p:QatKitTorch=cuda-linux", "TorchSharp-cuda-linux")]
    [InlineData("-p:QatKitTorch=cuda-windows", "TorchSharp-cuda-windows")]
    public void Property_chooses_one_native_package(string property, string expected)
    {
        var (code, output) = Evaluate("-getItem:PackageReference", property);
        Assert.True(code == 0, output);
        using var json = JsonDocument.Parse(output);
        var packages = json.RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray()
            .Select(p => p.GetProperty("Identity").GetString()!);
        Assert.Equal([expected], packages.Where(p => p.StartsWith("TorchSharp-", StringComparison.Ordinal)));
    }

    [Fact]
    public void Unknown_value_is_an_error_that_lists_the_values()
    {
        var (code, output) = Evaluate("-t:CollectPackageReferences", "-p:QatKitTorch=rocm");
        Assert.NotEqual(0, code);
        Assert.Contains("QatKitTorch = 'rocm' is unknown. Use cpu, cuda-linux or cuda-windows.", output, StringComparison.Ordinal);
    }

    private static (int Code, string Output) Evaluate(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, WorkingDirectory = RepositoryRoot.Folder };
        foreach (var argument in (string[])["msbuild", Project, "-nologo", "-nodeReuse:false", .. arguments.Where(a => a.Length > 0)]) start.ArgumentList.Add(argument);
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment.Remove("QatKitTorch");
        // A test runner's own MSBuild settings must not leak into the evaluation.
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray()) start.Environment.Remove(name);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}

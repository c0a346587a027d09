using System.Diagnostics;
using QatKit.TestKit;

namespace QatKit.GpuCheck.Tests;

/// <summary>eng/gpu-check.sh run, with stand-ins for the programs of the package: what it makes of stages that pass, fail, hang or have nothing to do.</summary>
public sealed class ScriptTests
{
    [Fact]
    public async Task A_stage_that_fails_or_hangs_does_not_stop_the_others()
    {
        using var package = Package(doctor: 0);
        var (code, output) = await Run(package, "--stages", "doctor,plans,soak,table,cpu-tests,cpu-comparison", "--limit", "soak=1");
        Assert.Equal(1, code);
        Assert.Equal(
            ["doctor passed: cuda sm_90a: a device", "plans failed: 3 of 4 plans equal", "soak timed out: still at it", "table skipped: no device here", "cpu-tests passed: Total: 5",
                "cpu-comparison passed: comparison --seconds 220 --pages . --json cpu-comparison.json"], Stages(package));
        Assert.Contains("the report", output, StringComparison.Ordinal);
        var logs = await Command("tar", "-tzf", Path.Combine(package.Path, "results", "logs.tar.gz"));
        foreach (var name in new[] { "doctor.log", "plans.log", "soak.log", "table.log", "cpu-tests.log", "stages.tsv" }) Assert.Contains($"./{name}\n", logs.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_device_the_exit_code_is_3_and_device_stages_say_why()
    {
        using var package = Package(doctor: 3);
        var (code, output) = await Run(package, "--stages", "doctor,device-tests,memcheck,cpu-tests");
        Assert.True(code == 3, output);
        Assert.Equal(["doctor skipped: cuda sm_90a: a device", "device-tests skipped: no device: cuda sm_90a: a device", "memcheck skipped: no device: cuda sm_90a: a device", "cpu-tests passed: Total: 5"], Stages(package));
        Assert.EndsWith("no device was used\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_spent_budget_skips_what_is_left_and_wrong_names_are_refused()
    {
        using var package = Package(doctor: 0);
        Assert.Equal(0, (await Run(package, "--stages", "doctor,cpu-tests", "--budget", "10")).Code);
        Assert.Equal(["doctor skipped: no time was left", "cpu-tests skipped: no time was left"], Stages(package));
        var (code, output) = await Run(package, "--stages", "sok");
        Assert.Equal(2, code);
        Assert.StartsWith("gpu-check: sok is not a stage: machine:", output, StringComparison.Ordinal);
        Assert.Equal((2, "gpu-check: --stage is not an option\n"), await Run(package, "--stage", "soak"));
    }

    private static TempFolder Package(int doctor)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The package is for Linux.");
        var package = new TempFolder();
        var bin = Directory.CreateDirectory(Path.Combine(package.Path, "bin")).FullName;
        File.Copy(RepositoryRoot.Combine("eng", "gpu-check.sh"), Path.Combine(package.Path, "gpu-check.sh"));
        Program(Path.Combine(bin, "QatKit.GpuCheck"), $"""
            case $1 in
                doctor) echo "cuda sm_90a: a device"; exit {doctor} ;;
                plans) echo "3 of 4 plans equal"; exit 4 ;;
                soak) echo "still at it"; exec sleep 30 ;;
                table) echo "no device here"; exit 3 ;;
                comparison) echo "$*" ;;
                report) echo "the report" >"$5/report.md" ;;
            esac
            """);
        Program(Path.Combine(bin, "QatKit.InferenceEngine.Tests"), "echo; echo '  Total: 5'; echo");
        return package;
    }

    private static void Program(string path, string body)
    {
        File.WriteAllText(path, "#!/bin/sh\n" + body + "\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    // stage result: what it said
    private static string[] Stages(TempFolder package)
    {
        var rows = Command("tar", "-xzOf", Path.Combine(package.Path, "results", "logs.tar.gz"), "./stages.tsv").GetAwaiter().GetResult().Output;
        return [.. rows.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(row => row.Split('\t') is var cells ? $"{cells[0]} {cells[1]}: {cells[3]}" : "")];
    }

    private static Task<(int Code, string Output)> Run(TempFolder package, params string[] options) =>
        Command("bash", [Path.Combine(package.Path, "gpu-check.sh"), "run", Path.Combine(package.Path, "results"), .. options]);

    private static async Task<(int Code, string Output)> Command(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output + await error);
    }
}

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
            ["doctor passed: cuda sm_90a: a device", "plans failed: 3 of 4 plans equal", "soak timed out: soak --sentences 10000 --seconds -19 --json soak.json", "table skipped: table --seconds 390 --json table.json", "cpu-tests passed: Total: 5",
                "cpu-comparison passed: comparison --seconds 220 --pages . --json cpu-comparison.json"], Stages(package));
        Assert.Contains("the report", output, StringComparison.Ordinal);
        var logs = await Command("tar", "-tzf", Path.Combine(package.Path, "results", "logs.tar.gz"));
        foreach (var name in new[] { "doctor.log", "plans.log", "soak.log", "table.log", "cpu-tests.log", "stages.tsv" }) Assert.Contains($"./{name}\n", logs.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_stage_has_started_does_not_outlive_its_time()
    {
        // A grandchild that does not listen to the first signal, as some of NVIDIA's tools.
        using var package = Package(doctor: 0, "sh -c 'trap \"\" TERM; echo $$ >\"$0\"; sleep 60; :' \"$(dirname \"$0\")/pid\" & wait");
        await Run(package, "--stages", "plans", "--limit", "plans=1");
        Assert.StartsWith("plans timed out: ", Stages(package)[0], StringComparison.Ordinal);
        var pid = File.ReadAllText(Path.Combine(package.Path, "bin", "pid")).Trim();
        Assert.False(Directory.Exists($"/proc/{pid}") && File.ReadAllText($"/proc/{pid}/stat").Split(' ')[2] != "Z", "It still runs.");
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

    // Lines of stage plans.
    private const string Warpgroups = "warpgroup products begin: 2 plans", Clusters = "clusters begin: 2 plans",
        OneEqual = "wgmma/128x128/6/1/1 dense: equal", BothEqual = OneEqual + "\nwgmma/128x128/6/1/1 2:4: equal",
        FourEqual = "wgmma/128x128/6/4/1 dense: equal", BothFourEqual = FourEqual + "\nwgmma/128x128/6/4/1 2:4: equal";

    [Fact]
    public async Task Warpgroup_products_that_fail_are_left_out_from_then_on()
    {
        using var package = Package(doctor: 0,
            $"echo '128x128/4x2/3/1 dense: equal\n{Warpgroups}\nwgmma/256x128/6/1/1 dense: QK6004 failed\nwgmma/256x128/6/1/1 2:4: not run after a device fault\n1 of 2 plans equal'; exit 4");
        const string Note = "without-wgmma noted: warpgroup products did not pass in stage plans: the stages after it ran without them (--without wgmma)";
        Assert.Equal(1, (await Run(package, "--stages", "doctor,plans,table,soak,device-tests", "--limit", "soak=1")).Code);
        Assert.Equal(["doctor passed: cuda sm_90a: a device", "plans failed: 1 of 2 plans equal", Note, "table skipped: table --without wgmma --seconds 390 --json table.json",
            "soak timed out: soak --without wgmma --sentences 10000 --seconds -19 --json soak.json", "device-tests passed: without wgmma"], Stages(package));
        // The next runs from this folder remember, also after one that is told otherwise.
        await Run(package, "--stages", "table");
        Assert.Equal([Note, "table skipped: table --without wgmma --seconds 390 --json table.json"], Stages(package));
        await Run(package, "--stages", "table", "--without", "none");
        Assert.Equal(["table skipped: table --seconds 390 --json table.json"], Stages(package));
        await Run(package, "--stages", "table");
        Assert.Equal([Note, "table skipped: table --without wgmma --seconds 390 --json table.json"], Stages(package));
        await Run(package, "--stages", "table", "--without", "wgmma");
        Assert.Equal(["table skipped: table --without wgmma --seconds 390 --json table.json"], Stages(package));
        Assert.Equal((2, "gpu-check: --without knows wgmma, clusters and none\n"), await Run(package, "--without", "mma"));
    }

    [Fact]
    public async Task Clusters_that_fail_are_left_out_alone_until_they_pass()
    {
        using var package = Package(doctor: 0, $"echo '{Warpgroups}\n{BothEqual}\n{Clusters}\nwgmma/128x128/6/4/1 dense: wrong'; [ $# -gt 4 ] || exit 4; echo; echo \"$*\"");
        const string Note = "without-clusters noted: warpgroup products in clusters did not pass in stage plans: the stages after it ran without them (--without clusters)";
        await Run(package, "--stages", "plans,table");
        Assert.Equal(["plans failed: wgmma/128x128/6/4/1 dense: wrong", Note, "table skipped: table --without clusters --seconds 390 --json table.json"], Stages(package));
        // Stage plans without them says nothing about them.
        await Run(package, "--stages", "plans,device-tests");
        Assert.Equal([Note, "plans passed: plans --without clusters --json plans.json", "device-tests passed: without clusters"], Stages(package));
        await Run(package, "--stages", "table");
        Assert.Equal([Note, "table skipped: table --without clusters --seconds 390 --json table.json"], Stages(package));
    }

    [Theory]
    [InlineData(Warpgroups, "exec sleep 30", "wgmma")] // hangs in the first
    [InlineData("64x64/2x2/4/1 dense: wrong", "exit 4", "")] // never came to them
    [InlineData("64x64/2x2/4/1 dense: equal", "exec sleep 30", "wgmma")] // had no time for them
    [InlineData(Warpgroups + "\n" + OneEqual + "\nwgmma/128x128/6/1/1 2:4: first divergence", "exit 4", "wgmma")]
    [InlineData(Warpgroups + "\n" + BothEqual, "exit 4", "")]
    [InlineData(Warpgroups + "\nwgmma/128x128/6/1/1 dense: left out, no\nwgmma/128x128/6/1/1 2:4: left out, no", "exit 0", "")]
    [InlineData(Warpgroups + "\n" + BothEqual, "exec sleep 30", "clusters")] // had no time for clusters
    [InlineData(Warpgroups + "\n" + BothEqual + "\n" + Clusters + "\n" + FourEqual, "exec sleep 30", "clusters")] // hangs in them
    [InlineData(Warpgroups + "\n" + BothEqual + "\n" + Clusters + "\n" + FourEqual + "\nwgmma/128x128/6/4/1 2:4: first divergence", "exit 4", "clusters")]
    [InlineData(Warpgroups + "\n" + OneEqual + "\nwgmma/128x128/6/1/1 2:4: first divergence\n" + Clusters + "\n" + BothFourEqual, "exit 4", "wgmma")]
    [InlineData(Warpgroups + "\n" + BothEqual + "\n" + Clusters + "\n" + BothFourEqual, "exit 0", "")]
    public async Task What_stage_plans_says_decides_over_warpgroup_products(string lines, string end, string without)
    {
        using var package = Package(doctor: 0, $"echo '{lines}'; {end}");
        await Run(package, "--stages", "plans,table", "--limit", "plans=1");
        Assert.Equal($"table skipped: table {(without.Length > 0 ? $"--without {without} " : "")}--seconds 390 --json table.json", Stages(package)[^1]);
        Assert.Equal(without.Length > 0 ? 3 : 2, Stages(package).Length);
    }

    [Theory]
    [InlineData("wgmma")]
    [InlineData("clusters")]
    public async Task Warpgroup_products_that_stage_plans_finds_right_are_used_again(string doubted)
    {
        using var package = Package(doctor: 0, $"echo '{Warpgroups}\n{BothEqual}\n{Clusters}\n{BothFourEqual}'");
        var doubts = package.WriteText("without.txt", doubted + "\n");
        await Run(package, "--stages", "plans");
        Assert.True(File.Exists(doubts)); // plans left them out
        await Run(package, "--stages", "plans", "--without", "none");
        Assert.False(File.Exists(doubts));
        await Run(package, "--stages", "table");
        Assert.Equal(["table skipped: table --seconds 390 --json table.json"], Stages(package));
    }

    [Fact]
    public async Task Kernels_of_the_hosts_compiler_stay_apart_from_those_that_came_along()
    {
        using var package = Package(doctor: 0, "echo \"$QATKIT_NVRTC $XDG_CACHE_HOME\"");
        var nvrtc = Directory.CreateDirectory(Path.Combine(package.Path, "nvrtc")).FullName;
        foreach (var file in new[] { "libnvrtc.so.12", "libnvrtc-builtins.so.12.4" }) File.WriteAllText(Path.Combine(nvrtc, file), "");
        await Command("env", [$"QATKIT_NVRTC={nvrtc}", "bash", Path.Combine(package.Path, "gpu-check.sh"), "run", Path.Combine(package.Path, "results"), "--stages", "plans,plans-host"]);
        Assert.Equal([$"plans passed: {package.Path}/no-compiler {package.Path}/cache", $"plans-host passed: {nvrtc} {package.Path}/cache-host"], Stages(package));
    }

    private static TempFolder Package(int doctor, string plans = "echo \"3 of 4 plans equal\"; exit 4")
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The package is for Linux.");
        var package = new TempFolder();
        var bin = Directory.CreateDirectory(Path.Combine(package.Path, "bin")).FullName;
        File.Copy(RepositoryRoot.Combine("eng", "gpu-check.sh"), Path.Combine(package.Path, "gpu-check.sh"));
        Program(Path.Combine(bin, "QatKit.GpuCheck"), $"""
            case $1 in
                doctor) echo "cuda sm_90a: a device"; exit {doctor} ;;
                plans) {plans} ;;
                soak) echo "$*"; exec sleep 30 ;;
                table) echo "$*"; exit 3 ;;
                comparison) echo "$*" ;;
                report) echo "the report" >"$5/report.md" ;;
            esac
            """);
        Program(Path.Combine(bin, "QatKit.InferenceEngine.Tests"), "echo; echo \"  ${QATKIT_TEST_WITHOUT:+without $QATKIT_TEST_WITHOUT}\"; [ -n \"$QATKIT_TEST_WITHOUT\" ] || echo '  Total: 5'; echo");
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

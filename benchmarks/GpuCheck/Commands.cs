using System.CommandLine;
using System.Globalization;
using System.Runtime.Intrinsics.X86;
using QatKit.Comparison;
using QatKit.Core.Files;
using QatKit.Core.Graph;
using QatKit.GpuCheck.Comparing;
using QatKit.GpuCheck.Kernels;
using QatKit.GpuCheck.Plans;
using QatKit.GpuCheck.Reporting;
using QatKit.GpuCheck.Soak;
using QatKit.GpuCheck.Timing;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;
using QatKit.InferenceEngine.Cuda;
using QatKit.InferenceEngine.Cuda.Backend;
using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Plans;
using QatKit.Testing;

namespace QatKit.GpuCheck;

/// <summary>The command line: one verb for each stage of eng/gpu-check.sh. The last line of a verb's output sums it up.</summary>
internal static class Commands
{
    public static RootCommand CreateRoot(TextWriter output) => new("Proof and measurement of the CUDA engine on a machine with a GPU.")
    {
        Doctor(output), Kernels(output), Plans(output), Soak(output), Table(output), Pass(output), Comparison(output), Report(output),
    };

    private static Command Doctor(TextWriter output)
    {
        var json = Json();
        return Verb("doctor", "What this machine offers.", [json], parsed =>
        {
            var report = DoctorReport.Look(TimeProvider.System);
            CheckJson.Write(parsed.GetValue(json), report);
            output.WriteLine(report.Machine);
            output.WriteLine($"run-time compiler: {report.Compiler}");
            output.WriteLine($"compiled kernels: {report.KernelCache}");
            output.WriteLine($"clocks, temperature, power: {report.Clocks}");
            foreach (var b in report.Backends) output.WriteLine($"{b.Backend} {b.Tier}: {(b.IsAvailable ? "" : "not available: ")}{b.Reason}");
            return report.HasDevice ? ExitCode.Ok : ExitCode.NotHere;
        });
    }

    private static Command Kernels(TextWriter output)
    {
        var json = Json();
        var target = new Option<string>("--target") { Description = "What to compile for.", DefaultValueFactory = _ => KernelTarget.Sm90a.Name };
        var copyTo = new Option<string>("--copy-to") { Description = "Folder that receives the compiled kernels." };
        return Verb("kernels", "Compiles the kernels of every model of this program; needs NVRTC and no device.", [target, copyTo, json], parsed =>
        {
            var compiler = NvrtcCompiler.OpenOrMissing();
            if (compiler.Version is null || KernelCache.DefaultFolder is not { } folder)
            {
                output.WriteLine("there is no run-time compiler here, or no folder for what it compiles (XDG_CACHE_HOME)");
                return ExitCode.NotHere;
            }

            var report = KernelCheck.Run(new KernelTarget(parsed.GetRequiredValue(target)), compiler, folder, parsed.GetValue(copyTo));
            CheckJson.Write(parsed.GetValue(json), report);
            foreach (var kernel in report.Kernels.Where(k => k.Problem is not null)) output.WriteLine($"{kernel.Kernel}: {kernel.Problem}");
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{report.Kernels.Count(k => k.Problem is null)} of {report.Kernels.Count} kernels compile for {report.Target} with {report.Compiler} ({report.Kernels.Count(k => k.Compiled)} now, {report.Seconds:F0} s), {report.Kernels.Count(k => k.Usage is { SpillStoreBytes: > 0 })} spill"));
            return Passed(report.Passed);
        });
    }

    private static Command Plans(TextWriter output)
    {
        var json = Json();
        var quick = new Option<bool>("--quick") { Description = "Each tile without splits on dense weights and with 4 on 2:4: for compute-sanitizer." };
        var without = Without();
        return DeviceVerb("plans", "Every plan, forced, against the reference.", [quick, without, json], parsed =>
        {
            var report = PlanCheck.Run(PlanCheck.Shape, parsed.GetValue(quick), Excluded(parsed.GetValue(without)),
                (graph, plan) => EngineImplementations.Create(graph, OnDevice(null) with { CudaPlan = plan }), output, soFar => CheckJson.Write(parsed.GetValue(json), soFar));
            output.WriteLine($"{report.Plans.Count(p => p.Problem is null)} of {report.Plans.Count} plans equal the reference in every bit{(report.NotRun.Count == 0 ? "" : $", {report.NotRun.Count} not run after a device fault")}");
            return Passed(report.Passed);
        });
    }

    private static Command Soak(TextWriter output)
    {
        var json = Json();
        var sentences = new Option<int>("--sentences") { Description = "Sentences in all.", DefaultValueFactory = _ => 10_000 };
        var seconds = new Option<int>("--seconds") { Description = "No batch starts after this time.", DefaultValueFactory = _ => 3600 };
        var without = Without();
        return DeviceVerb("soak", "Random sentences on CUDA and on the CPU, compared bit by bit.", [sentences, seconds, without, json], parsed =>
        {
            var report = SoakRun.Run(SoakModel.All, parsed.GetValue(sentences), TimeSpan.FromSeconds(parsed.GetValue(seconds)), graph => EngineImplementations.Create(graph, OnDevice(parsed.GetValue(without))), output,
                soFar => CheckJson.Write(parsed.GetValue(json), soFar));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{report.Sentences} of {report.Wanted} sentences compared in {report.Seconds:F0} s, {report.Different} differ{(report.TimeWasOver ? ", then the time was over" : "")}"));
            return Passed(report.Passed);
        });
    }

    private static Command Table(TextWriter output)
    {
        var json = Json();
        var shapes = Many("--shapes", "Models.", "bert-large", "bert-base");
        var formats = Many("--formats", "dense, 2:4.", "dense", "2:4");
        var batches = Many("--batches", "Sequences per call.", 1, 8, 32, 128);
        var lengths = Many("--lengths", "Tokens of a sequence.", 128, 384);
        var kernels = new Option<bool>("--kernels") { Description = "Time each kernel by itself, too." };
        var replays = new Option<int>("--replays") { Description = "Graph replays to aim at.", DefaultValueFactory = _ => 2000 };
        var cell = new Option<double>("--cell-seconds") { Description = "Time for the replays of one configuration.", DefaultValueFactory = _ => 8 };
        var seconds = new Option<int>("--seconds") { Description = "No configuration starts after this time.", DefaultValueFactory = _ => 3600 };
        var without = Without();
        return DeviceVerb("table", "Times of CUDA over shapes, formats, batches and lengths.", [shapes, formats, batches, lengths, kernels, replays, cell, seconds, without, json], parsed =>
        {
            var report = TimingTable.Run(new TimingOptions(
                parsed.GetRequiredValue(shapes), [.. parsed.GetRequiredValue(formats).Select(f => f == "2:4")], parsed.GetRequiredValue(batches), parsed.GetRequiredValue(lengths),
                parsed.GetValue(kernels), parsed.GetValue(replays), parsed.GetValue(cell), TimeSpan.FromSeconds(parsed.GetValue(seconds))), graph => InferenceSession.Create(graph, OnDevice(parsed.GetValue(without))), output,
                soFar => CheckJson.Write(parsed.GetValue(json), soFar));
            CheckJson.Write(parsed.GetValue(json), report);
            output.WriteLine($"{report.Cells.Count} configurations timed, {report.NotMeasured.Count} not");
            return report.Cells.Count > 0 && report.NotMeasured.Count == 0 ? ExitCode.Ok : ExitCode.Error;
        });
    }

    private static Command Pass(TextWriter output)
    {
        var shape = new Option<string>("--shape") { Description = "Model.", DefaultValueFactory = _ => "bert-large" };
        var batch = new Option<int>("--batch") { Description = "Sequences.", DefaultValueFactory = _ => 1 };
        var length = new Option<int>("--length") { Description = "Tokens of a sequence.", DefaultValueFactory = _ => 128 };
        var sparse = new Option<bool>("--sparse24") { Description = "2:4 weights." };
        var without = Without();
        return DeviceVerb("pass", "One pass, launch by launch: for ncu.", [shape, batch, length, sparse, without], parsed =>
        {
            var architecture = ModelShape.Parse(parsed.GetRequiredValue(shape), parsed.GetValue(length));
            using var session = InferenceSession.Create(SyntheticGraph.Create(architecture, 1, parsed.GetValue(sparse)), OnDevice(parsed.GetValue(without)));
            session.Run(SyntheticGraph.CreateBatch(architecture, [.. Enumerable.Repeat(parsed.GetValue(length), parsed.GetValue(batch))], 1));
            output.WriteLine(session.Description);
            return ExitCode.Ok;
        });
    }

    private static Command Comparison(TextWriter output)
    {
        var json = Json();
        var threads = new Option<int>("--threads") { Description = "Threads of both engines.", DefaultValueFactory = _ => 2 };
        var rounds = new Option<int>("--rounds") { Description = "Samples of each contender.", DefaultValueFactory = _ => 20 };
        var seconds = new Option<int>("--seconds") { Description = "Everything ends after this time; what is measured by then stays.", DefaultValueFactory = _ => 3600 };
        var pages = new Option<string>("--pages") { Description = "Folder that receives a page for each shape." };
        return Verb("comparison", "The CPU engine beside ONNX Runtime; needs no device.", [threads, rounds, seconds, pages, json], parsed =>
        {
            using var timeUp = new CancellationTokenSource(TimeSpan.FromSeconds(Math.Max(0, parsed.GetValue(seconds))));
            if (CpuComparison.Missing(Avx2.IsSupported, () => Microsoft.ML.OnnxRuntime.OrtEnv.Instance().GetVersionString()) is { } reason)
            {
                output.WriteLine(reason);
                return ExitCode.NotHere;
            }

            var shapes = ComparedShape.All;
            var report = CpuComparison.Run(shapes, parsed.GetValue(threads), parsed.GetValue(rounds),
                (options, cancellation) => EngineComparison.Run(options, cancellationToken: cancellation), (shape, soFar) =>
                {
                    CheckJson.Write(parsed.GetValue(json), soFar);
                    if (parsed.GetValue(pages) is { } folder)
                        AtomicFile.WriteText(Path.Combine(folder, $"{shape}.md"), ComparisonMarkdown.Write(soFar.Results[^1], CpuComparison.Command));
                }, output, timeUp.Token);
            CheckJson.Write(parsed.GetValue(json), report);
            foreach (var line in report.NotMeasured) output.WriteLine(line);
            output.WriteLine($"{report.Results.Count} of {shapes.Count} shapes compared with ONNX Runtime");
            return report.Results.Count > 0 ? ExitCode.Ok : ExitCode.Error;
        });
    }

    private static Command Report(TextWriter output)
    {
        var from = new Option<string[]>("--from") { Description = "Folders that stages wrote; of a stage that is in two, the later counts.", Required = true, AllowMultipleArgumentsPerToken = true };
        var to = new Option<string>("--to") { Description = "Folder that receives report.md and report.json.", Required = true };
        return Verb("report", "Puts the results of stages together.", [from, to], parsed =>
        {
            var folder = parsed.GetRequiredValue(to);
            var report = CheckReport.Read(parsed.GetRequiredValue(from));
            CheckJson.Write(Path.Combine(folder, "report.json"), report);
            File.WriteAllText(Path.Combine(folder, "report.md"), CheckMarkdown.Write(report));
            output.WriteLine($"{report.Stages.Count} stages in {Path.Combine(folder, "report.md")}");
            return ExitCode.Ok;
        });
    }

    private static int Passed(bool passed) => passed ? ExitCode.Ok : ExitCode.CheckFailed;

    private static SessionOptions OnDevice(string? without) => new() { Backend = EngineBackend.Cuda, CudaPlan = Plan(without) };

    private static GemmExclusion Excluded(string? without) => CudaOptions.WithPlan(Plan(without)).Without;

    private static string? Plan(string? without) => without is null ? null : "no-" + without;

    private static Option<string?> Without()
    {
        var option = new Option<string?>("--without") { Description = "A family of kernels that is not used: wgmma, or those of them in clusters." };
        option.AcceptOnlyFromAmong("wgmma", "clusters");
        return option;
    }

    private static Option<string> Json() => new("--json") { Description = "File for the results." };

    private static Option<T[]> Many<T>(string name, string description, params T[] values) =>
        new(name) { Description = description, DefaultValueFactory = _ => values, AllowMultipleArgumentsPerToken = true };

    // A missing device must show before minutes go into making models.
    private static Command DeviceVerb(string name, string description, Option[] options, Func<ParseResult, int> run) => Verb(name, description, options, parsed =>
    {
        var driver = CudaDriver.Open();
        // A context that nobody holds ends with its session, and the next session waits for a new one.
        using var context = driver.CreateContext(CudaProbe.Choose(driver, 0));
        return run(parsed);
    });

    private static Command Verb(string name, string description, Option[] options, Func<ParseResult, int> run)
    {
        var command = new Command(name, description);
        foreach (var option in options) command.Options.Add(option);
        command.SetAction(run);
        return command;
    }
}

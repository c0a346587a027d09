using System.CommandLine;
using System.Globalization;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Output;
using QatKit.Comparison;
using QatKit.Core.Artifact;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.Cli.Verbs;

/// <summary><c>qatkit bench</c>: latency of a model of any shape, with random weights.</summary>
internal static class BenchVerb
{
    private const int ComparisonThreads = 2;

    public static Command Create(CommandContext context)
    {
        var defaults = new BenchmarkOptions();
        Option<T> With<T>(string name, string description, T value) => new(name) { Description = description, DefaultValueFactory = _ => value };
        var shape = With("--shape", "A name such as bert-base, or LxHxAxF.", defaults.Shape);
        var batch = With("--batch", "Sequences per call.", defaults.Batch);
        var sequence = With("--seq", "Tokens of every sequence.", defaults.SequenceLength);
        var backend = BackendOption.One();
        var device = With("--device", "Number of the CUDA device.", 0);
        var plan = new Option<string?>("--plan") { Description = "Tile of every CUDA product instead of the planner's, for example 128x64/4x2/3/1 or wgmma/128x128/6/4/1; no-wgmma keeps the planner from warpgroup products, no-clusters from those in clusters." };
        var replays = With("--replays", "Measured graph replays, on CUDA.", defaults.Replays);
        var kernels = new Option<bool>("--kernels") { Description = "Time every CUDA kernel by itself." };
        var threads = With("--threads", "Threads; 0 is one per processor.", 0);
        var tier = With("--tier", "Instruction tier.", CpuTier.Auto);
        var warmup = With("--warmup", "Calls before the measurement.", defaults.Warmup);
        var iterations = With("--iterations", "Measured calls.", defaults.Iterations);
        var sparse = new Option<bool>("--sparse24") { Description = "Prune the weights to 2:4." };
        var versus = new Option<bool>("--vs-onnxruntime") { Description = "Compare with ONNX Runtime; --iterations is the number of samples, --threads 2 the default." };
        var model = new Option<string?>("--model") { Description = "Compare on this model folder instead of a shape, with --vs-onnxruntime." };
        var markdown = new Option<string?>("--markdown") { Description = "Write the comparison to this file, with --vs-onnxruntime." };
        var json = new Option<bool>("--json") { Description = "Write JSON." };
        var command = new VerbCommand("bench", "Measure the latency of a model shape with random weights.", "qatkit bench --shape bert-base --batch 1 --seq 128 --threads 2 --sparse24")
        {
            shape, batch, sequence, backend, device, plan, replays, kernels, threads, tier, warmup, iterations, sparse, versus, model, markdown, json,
        };
        Option[] onCuda = [device, plan, replays, kernels], onCpu = [threads, tier];
        Option[] notCompared = [backend, device, plan, replays, kernels, tier, warmup];
        command.Validators.Add(parsed =>
        {
            bool IsGiven(Option option) => parsed.GetResult(option) is { Implicit: false };
            if (parsed.GetValue(model) is not null)
                foreach (var option in new Option[] { shape, sparse }.Where(IsGiven)) parsed.AddError($"{option.Name} does not go with --model, whose shape and weights are measured.");
            // Defaults are filled in after this: a backend that is not given is the processor.
            if (!parsed.GetValue(versus) && !(IsGiven(backend) && parsed.GetResult(backend)!.Errors.Any()))
            {
                var (refused, reason) = (IsGiven(backend) ? parsed.GetValue(backend) : EngineBackend.Cpu, onCpu.FirstOrDefault(IsGiven)) switch
                {
                    (EngineBackend.Cpu, _) => (onCuda, "--backend cpu. Add --backend cuda."),
                    (EngineBackend.Cuda, _) => (onCpu, "--backend cuda. Add --backend cpu."),
                    (_, { } asksForCpu) => (onCuda, $"{asksForCpu.Name}, which chooses the CPU. Leave one of them out."),
                    _ => ([], ""),
                };
                foreach (var option in refused.Where(IsGiven)) parsed.AddError($"{option.Name} does not go with {reason}");
            }

            if (parsed.GetValue(versus))
                foreach (var option in notCompared.Where(IsGiven)) parsed.AddError($"{option.Name} does not go with --vs-onnxruntime, which compares on the CPU.");
            foreach (var option in new[] { model, markdown })
                if (parsed.GetValue(option) is not null && !parsed.GetValue(versus)) parsed.AddError($"{option.Name} needs --vs-onnxruntime.");
        });
        command.SetAction((parsed, cancellationToken) =>
        {
            if (parsed.GetValue(versus))
            {
                var (name, graph) = Model(parsed.GetValue(model), parsed.GetRequiredValue(shape), parsed.GetValue(sequence), parsed.GetValue(sparse));
                var comparison = new ComparisonOptions
                {
                    Model = name,
                    Graph = graph,
                    Batch = parsed.GetValue(batch),
                    SequenceLength = parsed.GetValue(sequence),
                    Threads = parsed.GetValue(threads) is var given and not 0 ? given : ComparisonThreads,
                    Rounds = parsed.GetValue(iterations),
                };
                var line = string.Join(' ', parsed.Tokens.Select(t => t.Value).Prepend("qatkit"));
                return Task.FromResult(BenchComparison.Run(context, comparison, parsed.GetValue(json), parsed.GetValue(markdown), line, cancellationToken));
            }

            var result = InferenceBenchmark.Run(
                new BenchmarkOptions
                {
                    Shape = parsed.GetRequiredValue(shape),
                    Batch = parsed.GetValue(batch),
                    SequenceLength = parsed.GetValue(sequence),
                    Sparse24 = parsed.GetValue(sparse),
                    Warmup = parsed.GetValue(warmup),
                    Iterations = parsed.GetValue(iterations),
                    Replays = parsed.GetValue(replays),
                    Kernels = parsed.GetValue(kernels),
                    Session = new SessionOptions
                    {
                        Backend = parsed.GetValue(backend),
                        CudaDevice = parsed.GetValue(device),
                        CudaPlan = parsed.GetValue(plan),
                        Threads = parsed.GetValue(threads),
                        CpuTier = parsed.GetValue(tier),
                    },
                },
                cancellationToken);
            if (parsed.GetValue(json)) JsonOutput.Write(context, result);
            else Write(context, result);
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static (string Name, QuantizedGraph Graph) Model(string? folder, string shape, int sequence, bool sparse)
    {
        if (folder is not null) return (folder, ArtifactReader.Read(folder).Graph);
        var architecture = ModelShape.Parse(shape, Math.Max(512, sequence));
        return ($"{shape} with random {(sparse ? "2:4" : "dense")} weights", SyntheticGraph.Create(architecture, new BenchmarkOptions().Seed, sparse));
    }

    private static void Write(CommandContext context, BenchmarkResult r)
    {
        var table = new TextTable("measure", "value");
        void Row(string name, FormattableString value) => table.Add(name, value.ToString(CultureInfo.InvariantCulture));
        Row("shape", $"{r.Options.Shape}, batch {r.Options.Batch}, {r.Options.SequenceLength} tokens, {(r.Options.Sparse24 ? "2:4" : "dense")}");
        Row("backend", $"{r.Description}");
        Row("load", $"{r.LoadMilliseconds:F1} ms");
        Row("p50", $"{r.P50Milliseconds:F3} ms");
        Row("p95", $"{r.P95Milliseconds:F3} ms");
        Row("p99", $"{r.P99Milliseconds:F3} ms");
        Row("throughput", $"{r.GigaOperationsPerSecond:F1} GOP/s (dense-equivalent)");
        Row("tokens", $"{r.TokensPerSecond:F0} tokens/s");
        if (r.Device is { } d)
        {
            Row("device p50", $"{d.P50Milliseconds:F4} ms ({d.Replays} graph replays without copies, {d.Passes} {(d.Passes == 1 ? "pass" : "passes")})");
            Row("device p95", $"{d.P95Milliseconds:F4} ms");
            Row("device p99", $"{d.P99Milliseconds:F4} ms");
            Row("device rate", $"{d.TeraOperationsPerSecond:F1} TOP/s (dense-equivalent)");
            Row("driver", $"CUDA {d.DriverVersion}");
            foreach (var plan in d.Plans) Row("plan", $"{plan}");
        }

        table.WriteTo(context);
        if (r.Device is { Kernels.Count: > 0 } timed) WriteKernels(context, timed.Kernels);
    }

    private static void WriteKernels(CommandContext context, IReadOnlyList<KernelTiming> kernels)
    {
        context.Out.WriteLine();
        var table = new TextTable("kernel", "plan", "us", "TOP/s", "blocks", "threads", "shared", "registers", "shape");
        string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        foreach (var k in kernels)
            table.Add(k.Kernel, k.Plan, Text($"{k.Microseconds:F2}"), k.TeraOperationsPerSecond == 0 ? "" : Text($"{k.TeraOperationsPerSecond:F1}"), Text($"{k.Blocks}"), Text($"{k.Threads}"), Text($"{k.SharedBytes}"), Text($"{k.Registers}"), k.Shape);
        table.WriteTo(context);
    }
}

using System.Globalization;
using System.Text;
using QatKit.Comparison;
using QatKit.GpuCheck.Comparing;
using QatKit.GpuCheck.Timing;
using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.GpuCheck.Reporting;

/// <summary>The report for people, in the form that benchmarks/results keeps.</summary>
internal static class CheckMarkdown
{
    // Median of the replays without copies that the engine set out for, by shape, batch and length.
    private static readonly (string Shape, int Batch, int Length, double Milliseconds)[] Targets =
        [("bert-large", 1, 128, 1.0), ("bert-large", 8, 128, 1.3), ("bert-large", 32, 128, 3.5)];

    /// <summary>Writes the report.</summary>
    public static string Write(CheckReport report)
    {
        var text = new StringBuilder();
        Machine(text, report);
        Table(text, "Stages", ["stage", "result", "time", "what it said"], report.Stages.Select(s => new[] { s.Stage, s.Result, $"{s.Seconds} s", s.Detail }));
        List(text, "Results that cannot be read:", report.Unreadable);
        Equality(text, report);
        foreach (var (stage, timing) in report.Timings) Timing(text, stage, timing, report);
        if (report.CpuComparison is { } comparison) Comparison(text, comparison);
        foreach (var (stage, peers) in report.Peers)
        {
            Table(text, $"Others ({stage}; {string.Join(", ", peers.Environment.Select(e => $"{e.Key} {e.Value}"))})", ["what", "model", "b", "s", "p50 ms", "p95 ms", "p99 ms", "replays", "note"],
                peers.Results.Select(r => new[] { r.Peer, r.Model, $"{r.Batch}", $"{r.Length}", Number(r.P50Ms, "F3"), Number(r.P95Ms, "F3"), Number(r.P99Ms, "F3"), $"{r.Replays}", r.Note }));
            List(text, "Not measured:", peers.Failures.Select(f => $"{f.Peer}, {f.What}: {f.Reason}"));
        }

        if (report.HostTorch is { } torch)
            Table(text, "TorchSharp on this machine's libtorch", ["step", "works", "detail"], torch.Steps.Select(s => new[] { s.Name, s.Works ? "yes" : "no", s.Detail }));
        foreach (var (stage, kernels) in report.Kernels)
        {
            Table(text, $"Kernels ({stage}): {kernels.Kernels.Count} for {kernels.Target} with {kernels.Compiler}, {Number(kernels.Seconds, "F0")} s", ["kernel that does not compile, or spills", "why"],
                kernels.Kernels.Where(k => k.Problem is not null || k.Usage is { SpillStoreBytes: > 0 } or { StackBytes: > 0 })
                    .Select(k => new[] { k.Kernel, k.Problem ?? $"{k.Usage!.Registers} registers, {k.Usage.StackBytes} bytes of stack, {k.Usage.SpillStoreBytes} of spills" }));
        }

        return text.ToString();
    }

    private static void Machine(StringBuilder text, CheckReport report)
    {
        var device = report.Timings.Values.Select(t => t.Device).FirstOrDefault(d => d.Length > 0);
        text.AppendLine(CultureInfo.InvariantCulture, $"# CUDA engine on {device ?? "no device"}").AppendLine();
        if (report.Doctor is not { } doctor) return;
        Table(text, null, ["", ""],
        [
            ["host", $"{doctor.Machine}"],
            .. doctor.Backends.Select(b => new[] { $"{b.Backend} {b.Tier}", $"{(b.IsAvailable ? "" : "not available: ")}{b.Reason}" }),
            ["run-time compiler", doctor.Compiler],
            ["compiled kernels", doctor.KernelCache],
            ["clocks, temperature, power", doctor.Clocks],
        ]);
    }

    private static void Equality(StringBuilder text, CheckReport report)
    {
        foreach (var (stage, plans) in report.Plans)
        {
            Table(text, $"Bits of every plan ({stage}): {plans.Plans.Count(p => p.Problem is null)} of {plans.Plans.Count} equal the reference", ["plan", "format", "problem"],
                plans.Plans.Where(p => p.Problem is not null).Select(p => new[] { p.Plan, Format(p.Sparse24), p.Problem! }));
            List(text, "Not run after a device fault, or not ended when the time was over:", plans.NotRun);
        }

        foreach (var (stage, soak) in report.Soaks)
        {
            Table(text, $"Bits of sentences ({stage}): {soak.Different} of {soak.Sentences} differ, {soak.Wanted} wanted", ["model", "compared", "sentences", "batches", "tokens", "numbers", "sentences that differ"],
                soak.Models.Select(m => new[] { m.Model, $"{m.Expected} : {m.Actual}", $"{m.Sentences}", $"{m.Batches}", $"{m.Tokens}", $"{m.Numbers}", $"{m.Different}" }));
            List(text, "First differences:", soak.Models.SelectMany(m => m.Divergences));
        }
    }

    private static void Timing(StringBuilder text, string stage, TimingReport timing, CheckReport report)
    {
        Table(text, $"Times ({stage}; driver for CUDA {timing.DriverVersion})",
            ["model", "format", "b", "s", "p50 ms", "p95 ms", "p99 ms", "replays", "with copies p50 / p95 / p99 ms", "dense-equivalent TOPS", "floor ms", "% of floor", "target ms", "clocks after"],
            timing.Cells.Select(c =>
            {
                var (o, d) = (c.Result.Options, c.Result.Device!);
                var target = Array.Find(Targets, t => t.Shape == o.Shape && t.Batch == o.Batch && t.Length == o.SequenceLength);
                return new[]
                {
                    o.Shape, Format(o.Sparse24), $"{o.Batch}", $"{o.SequenceLength}", Number(d.P50Milliseconds, "F3"), Number(d.P95Milliseconds, "F3"), Number(d.P99Milliseconds, "F3"), $"{d.Replays}",
                    $"{Number(c.Result.P50Milliseconds, "F3")} / {Number(c.Result.P95Milliseconds, "F3")} / {Number(c.Result.P99Milliseconds, "F3")}",
                    Number(d.TeraOperationsPerSecond, "F0"), Number(c.FloorMilliseconds, "F3"), Number(c.PercentOfFloor, "F1"),
                    target.Shape is null ? "" : $"{Number(target.Milliseconds, "F1")}, {(d.P50Milliseconds <= target.Milliseconds ? "met" : "missed")}", c.Clocks,
                };
            }));
        text.AppendLine(CultureInfo.InvariantCulture, $"Clocks, temperature, power before: {timing.ClocksBefore}; after: {timing.ClocksAfter}.").AppendLine();
        List(text, "Not measured:", timing.NotMeasured);
        foreach (var cell in timing.Cells.Where(c => c.Result.Device!.Kernels.Count > 0)) KernelTimes(text, cell);
    }

    // The pages of benchmarks/results, one heading deeper.
    private static void Comparison(StringBuilder text, CpuComparisonReport comparison)
    {
        foreach (var result in comparison.Results)
        {
            foreach (var line in ComparisonMarkdown.Write(result, CpuComparison.Command).TrimEnd().Split('\n')) text.Append(line.StartsWith('#') ? "#" : "").AppendLine(line);
            text.AppendLine();
        }

        List(text, "Not compared with ONNX Runtime:", comparison.NotMeasured);
    }

    // Layers repeat their kernels: the sum by kernel, plan and sizes says where the time is.
    private static void KernelTimes(StringBuilder text, TimingCell cell)
    {
        var (o, device) = (cell.Result.Options, cell.Result.Device!);
        var all = device.Kernels.Sum(k => k.Microseconds);
        Table(text, string.Create(CultureInfo.InvariantCulture, $"Each kernel by itself: {o.Shape} {Format(o.Sparse24)} b{o.Batch} s{o.SequenceLength}, {device.Kernels.Count} launches, {all / 1000:F3} ms in all, {device.P50Milliseconds:F3} ms as a graph"),
            ["kernel", "plan", "blocks", "threads", "launches", "us of one", "us of all", "%", "TOPS", "for example"],
            device.Kernels.GroupBy(k => (k.Kernel, k.Plan, k.Blocks, k.Threads, Sizes(k))).OrderByDescending(g => g.Sum(k => k.Microseconds)).Select(g => new[]
            {
                g.Key.Kernel, g.Key.Plan, $"{g.Key.Blocks}", $"{g.Key.Threads}", $"{g.Count()}", Number(g.Average(k => k.Microseconds), "F2"), Number(g.Sum(k => k.Microseconds), "F1"),
                Number(100 * g.Sum(k => k.Microseconds) / all, "F1"), Number(g.Average(k => k.TeraOperationsPerSecond), "F0"), g.First().Shape,
            }));
    }

    // The layer's name comes before the first blank.
    private static string Sizes(KernelTiming kernel) => kernel.Shape[(kernel.Shape.IndexOf(' ', StringComparison.Ordinal) + 1)..];

    private static string Format(bool sparse24) => sparse24 ? "2:4" : "dense";

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    private static void Table(StringBuilder text, string? title, string[] headers, IEnumerable<string[]> rows)
    {
        if (title is not null) text.AppendLine(CultureInfo.InvariantCulture, $"## {title}").AppendLine();
        var lines = rows.Select(Row).ToArray();
        if (lines.Length == 0) return;
        text.AppendLine(Row(headers)).AppendLine(Row([.. headers.Select(_ => "---")]));
        foreach (var line in lines) text.AppendLine(line);
        text.AppendLine();
    }

    private static string Row(string[] cells) =>
        $"| {string.Join(" | ", cells.Select(c => c.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ")))} |";

    private static void List(StringBuilder text, string title, IEnumerable<string> items)
    {
        var lines = items.ToArray();
        if (lines.Length == 0) return;
        text.AppendLine(title).AppendLine();
        foreach (var line in lines) text.AppendLine(CultureInfo.InvariantCulture, $"* {line.ReplaceLineEndings(" ")}");
        text.AppendLine();
    }
}

using System.Globalization;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Output;
using QatKit.Comparison;
using QatKit.Core.Files;

namespace QatKit.Cli.Verbs;

/// <summary><c>qatkit bench --vs-onnxruntime</c>.</summary>
internal static class BenchComparison
{
    public static int Run(CommandContext context, ComparisonOptions options, bool json, string? markdown, string command, CancellationToken cancellationToken)
    {
        var result = EngineComparison.Run(options, json ? null : new LineProgress(context), cancellationToken: cancellationToken);
        if (markdown is not null) AtomicFile.WriteText(markdown, ComparisonMarkdown.Write(result, command));
        if (json) JsonOutput.Write(context, result);
        else Write(context, result);
        return ExitCode.Ok;
    }

    /// <summary>Writes the comparison as text.</summary>
    internal static void Write(CommandContext context, ComparisonResult result)
    {
        static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

        context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{result.Model}, batch {result.Batch}, {result.SequenceLength} tokens, {ComparisonMarkdown.Threads(result)}, ONNX Runtime {result.OnnxRuntime}"));
        context.Out.WriteLine(result.Machine.ToString());
        context.Out.WriteLine(result.Engine);

        var forms = new TextTable("ONNX form", "precision", "threads", "last layer", "median ms", "cosine", "note");
        foreach (var f in result.Forms)
            forms.Add(f.Name, f.Precision, Number(f.Threads, "F0"), ComparisonMarkdown.Rows(f.FirstTokenOnly), ComparisonMarkdown.Milliseconds(f), Number(f.Cosine, "F4"), f.Note);
        Titled(context, "every form, timed shortly", forms);

        var peaks = new TextTable("instruction", "threads", "GOP/s");
        foreach (var p in result.Peaks) peaks.Add(p.Instruction, Number(p.Threads, "F0"), Number(p.GigaOperationsPerSecond, "F1"));
        Titled(context, "peak rates of the processor", peaks);

        var final = new TextTable("engine", "form", "precision", "threads", "last layer", "cosine", "p10 ms", "median ms", "p90 ms", "of peak");
        foreach (var c in result.Final)
            final.Add(c.Engine, c.Form, c.Precision, Number(c.Threads, "F0"), ComparisonMarkdown.Rows(c.FirstTokenOnly), ComparisonMarkdown.CosineOf(c),
                Number(c.Timing.P10Milliseconds, "F3"), Number(c.Timing.MedianMilliseconds, "F3"), Number(c.Timing.P90Milliseconds, "F3"), ComparisonMarkdown.Share(c));
        Titled(context, $"measured in turn, {result.Final[0].Timing.Rounds} samples each", final);

        var ratios = new TextTable("faster", "than", "rows of the last layer", "times", "note");
        foreach (var r in result.Ratios) ratios.Add(r.Faster, r.Slower, r.Rows, Number(r.Ratio, "F2"), r.Note);
        Titled(context, "ratios of medians", ratios);
    }

    private static void Titled(CommandContext context, string title, TextTable table)
    {
        context.Out.WriteLine();
        context.Out.WriteLine(title);
        table.WriteTo(context);
    }
}

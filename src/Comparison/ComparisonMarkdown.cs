using System.Globalization;
using System.Text;

namespace QatKit.Comparison;

/// <summary>A comparison as a page for people.</summary>
public static class ComparisonMarkdown
{
    /// <summary>Renders a result.</summary>
    /// <param name="result">The comparison.</param>
    /// <param name="command">The command that measured it.</param>
    public static string Write(ComparisonResult result, string command)
    {
        ArgumentNullException.ThrowIfNull(result);
        var text = new StringBuilder();
        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

        Line($"# {result.Model}, batch {result.Batch}, {result.SequenceLength} tokens, {Threads(result)}");
        Line($"");
        Line($"{result.Machine}; ONNX Runtime {result.OnnxRuntime}. {result.Engine}.");
        Line($"");
        Line($"`{command}`");
        Line($"");
        Line($"## How many times faster");
        Line($"");
        Line($"| | against | rows of the last layer | ratio of medians | |");
        Line($"|---|---|---|---|---|");
        foreach (var r in result.Ratios) Line($"| {r.Faster} | {r.Slower} | {r.Rows} | **{r.Ratio:F2}** | {r.Note} |");
        Line($"");
        Line($"\"All\": both compute every row of the last layer. \"First token\": both compute there, after attention, only the rows that the");
        Line($"pooler reads. \"First token : all\": what each does with the model as exported.");
        Line($"");
        Line($"## Measured in turn");
        Line($"");
        Line($"| engine | form | precision | threads | last layer | cosine | p10 ms | median ms | p90 ms | samples | of peak |");
        Line($"|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var c in result.Final)
            Line($"| {c.Engine} | {c.Form} | {c.Precision} | {c.Threads} | {Rows(c.FirstTokenOnly)} | {CosineOf(c)} | {c.Timing.P10Milliseconds:F3} | {c.Timing.MedianMilliseconds:F3} | {c.Timing.P90Milliseconds:F3} | {c.Timing.Rounds} | {Share(c)} |");
        Line($"");
        Line($"Threads: of QatKit those that a call keeps busy, of ONNX Runtime those that it was given. Cosine: of ONNX Runtime's answer and QatKit's.");
        Line($"Of peak: \"-\" where rows or weights are skipped, for FP32, and for several threads where the load is too small to be shared.");
        Line($"");
        Line($"## Peak rates of the processor, same run");
        Line($"");
        Line($"| instruction | threads | GOP/s |");
        Line($"|---|---|---|");
        foreach (var p in result.Peaks) Line($"| {p.Instruction} | {p.Threads} | {p.GigaOperationsPerSecond:F1} |");
        Line($"");
        Line($"## All forms of the ONNX graph, timed shortly");
        Line($"");
        Line($"| precision | form | threads | last layer | median ms | cosine with QatKit's answer | |");
        Line($"|---|---|---|---|---|---|---|");
        foreach (var f in result.Forms) Line($"| {f.Precision} | {f.Name} | {f.Threads} | {Rows(f.FirstTokenOnly)} | {Milliseconds(f)} | {f.Cosine:F4} | {f.Note} |");
        return text.ToString();
    }

    /// <summary>Threads that a call may use, in words.</summary>
    public static string Threads(ComparisonResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return result.Threads == 1 ? "1 thread" : FormattableString.Invariant($"up to {result.Threads} threads");
    }

    /// <summary>Which rows the last layer computes.</summary>
    public static string Rows(bool firstTokenOnly) => firstTokenOnly ? "first token" : "all";

    /// <summary>Cosine of a contender's answer and QatKit's, where it is not QatKit's own.</summary>
    public static string CosineOf(Contender contender)
    {
        ArgumentNullException.ThrowIfNull(contender);
        return contender.Cosine?.ToString("F4", CultureInfo.InvariantCulture) ?? "";
    }

    /// <summary>Share of the peak rate, where it means something.</summary>
    public static string Share(Contender contender)
    {
        ArgumentNullException.ThrowIfNull(contender);
        return contender.PeakShare?.ToString("P0", CultureInfo.InvariantCulture) ?? "-";
    }

    /// <summary>A form's time, where it has one.</summary>
    public static string Milliseconds(QualifyingForm form)
    {
        ArgumentNullException.ThrowIfNull(form);
        return form.MedianMilliseconds?.ToString("F3", CultureInfo.InvariantCulture) ?? "";
    }
}

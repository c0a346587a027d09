using System.Globalization;
using System.Text;

namespace QatKit.Testing.Reports;

/// <summary>parity.md: the report for people.</summary>
public static class ReportMarkdown
{
    /// <summary>Renders a report.</summary>
    public static string Write(VerificationReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var text = new StringBuilder();
        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

        Line($"# Parity report: {(report.Passed ? "passed" : "FAILED")}{(report.BitEqual ? ", bit-equal" : "")}");
        Line($"");
        Line($"Model `{report.Model}` (SHA-256 {report.ModelSha256}), numerics version {report.NumericsVersion}, {report.Examples} examples{Proven(report)}.");
        Line($"");
        Line($"| gate | result | detail |");
        Line($"|---|---|---|");
        foreach (var gate in report.GateResults) Line($"| {gate.Name} | {(gate.Passed ? "ok" : "FAILED")} | {gate.Detail} |");
        foreach (var rung in report.Rungs)
        {
            Line($"");
            Line($"## {rung.Rung}: {rung.Title}");
            Line($"");
            Line($"| comparison | result | numbers compared |");
            Line($"|---|---|---|");
            foreach (var check in rung.Checks)
                Line($"| {check.Name} | {Result(check)} | {check.Compared:N0} |");
        }

        if (report.LayerParity is { } p3) Layers(p3, Line);
        if (report.Accuracy is { } p4) Accuracy(p4, Line);
        Line($"");
        Line($"## Conditions");
        Line($"");
        foreach (var (name, value) in report.Conditions) Line($"* {name}: {value}");
        return text.ToString();
    }

    private static string Proven(VerificationReport report) => report.ReferenceExamples == report.Examples
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $", P0 to P2 on the first {report.ReferenceExamples}");

    private static string SameClass(LayerParityReport p3) => p3.ArgmaxAgreement is { } share
        ? string.Create(CultureInfo.InvariantCulture, $"; same class for {share:P2}")
        : "";

    private static string Result(CheckReport check) =>
        check.Divergence?.ToString() ?? check.Note ?? (check.Passed ? "equal bits" : "FAILED");

    private static void Layers(LayerParityReport p3, Action<FormattableString> line)
    {
        line($"");
        line($"## P3: fake-quantized model : engine");
        line($"");
        line($"{p3.Examples} examples. Largest logit difference {p3.LargestLogitDifference:G3}{SameClass(p3)}. {Contributor(p3)}");
        if (p3.FirstDivergence is { } divergence)
        {
            line($"");
            line($"From the tokens on, {divergence.ToString()}.");
        }

        line($"");
        line($"| tensor | local mismatch | local SQNR | accumulated mismatch | accumulated SQNR |");
        line($"|---|---|---|---|---|");
        foreach (var l in p3.Layers)
            line($"| {l.Tensor} | {l.LocalMismatchRate:P4} | {Decibels(l.LocalSqnrDecibels)} | {l.AccumulatedMismatchRate:P4} | {Decibels(l.AccumulatedSqnrDecibels)} |");
    }

    private static string Contributor(LayerParityReport p3) => p3.LargestContributor is { } layer
        ? $"{layer} contributes most."
        : "No layer's own arithmetic differs.";

    private static string Decibels(double? value) =>
        value is { } v ? v.ToString("F1", CultureInfo.InvariantCulture) + " dB" : "exact";

    private static void Accuracy(AccuracyReport p4, Action<FormattableString> line)
    {
        line($"");
        line($"## P4: {p4.Metric} on {p4.Examples} examples");
        line($"");
        line($"| model | {p4.Metric} |");
        line($"|---|---|");
        foreach (var v in p4.Values) line($"| {v.Model} | {v.Value:F4} |");
        if (p4.NoiseBand is not { } band) return;
        line($"");
        line($"Accuracy on a set of this size resolves ±{band:F4} (95 %).");
        line($"");
        line($"| from : to | right to wrong | wrong to right | McNemar p |");
        line($"|---|---|---|---|");
        foreach (var c in p4.Comparisons) line($"| {c.Baseline} : {c.Candidate} | {c.Lost} | {c.Gained} | {c.McNemarP:F4} |");
    }
}

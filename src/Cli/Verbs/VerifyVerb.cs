using System.CommandLine;
using System.Globalization;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Output;
using QatKit.Core.Artifact;
using QatKit.Testing.Reports;
using QatKit.Training.Data;
using QatKit.Training.Verification;

namespace QatKit.Cli.Verbs;

/// <summary><c>qatkit verify MODEL --data FILE</c>: the ladder P0 to P4; exit code 0 only when every gate holds.</summary>
internal static class VerifyVerb
{
    public static Command Create(CommandContext context)
    {
        var defaults = new VerificationGates();
        var model = new Argument<string>("model") { Description = "Folder of an exported model." };
        var data = new Option<string>("--data") { Description = "Examples: a file, or builtin:reviews.", Required = true };
        var format = new Option<DataFormat?>("--format") { Description = "Format of the file; when omitted, extension and header tell." };
        var limit = new Option<int?>("--limit") { Description = "Use only the first so many examples." };
        var output = new Option<string?>("--output") { Description = "Folder for parity.json and parity.md; the model's parent folder when omitted." };
        var maxLoss = new Option<double?>("--max-metric-loss") { Description = "Largest loss of the metric; no gate when omitted." };
        var mismatch = new Option<double>("--max-local-mismatch") { Description = "Largest share of differing codes of a layer.", DefaultValueFactory = _ => defaults.MaxLocalMismatchRate };
        var agreement = new Option<double>("--min-argmax-agreement") { Description = "Smallest share of equal classes.", DefaultValueFactory = _ => defaults.MinArgmaxAgreement };
        var json = new Option<bool>("--json") { Description = "Write JSON." };
        var command = new VerbCommand("verify", "Prove that a model gives the same bits on every path, and compare it with its checkpoint.",
            "qatkit verify runs/quickstart/model --data builtin:reviews")
        {
            model, data, format, limit, output, maxLoss, mismatch, agreement, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            var artifact = ArtifactReader.Read(parsed.GetRequiredValue(model));
            var examples = VerificationData.Load(parsed.GetRequiredValue(data), parsed.GetValue(format), artifact, parsed.GetValue(limit));
            var asJson = parsed.GetValue(json);
            var report = Verifier.Run(
                new VerificationRequest(artifact, examples.Sequences)
                {
                    Labels = examples.Labels,
                    Metric = examples.Metric,
                    Gates = new VerificationGates(parsed.GetValue(mismatch), parsed.GetValue(agreement), parsed.GetValue(maxLoss)),
                },
                asJson ? null : new LineProgress(context),
                cancellationToken);
            var folder = parsed.GetValue(output) ?? Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(artifact.Directory)))!;
            Verifier.Write(report, folder);
            if (asJson) context.Out.WriteLine(ReportJson.Write(report));
            else Write(context, report, folder);
            return Task.FromResult(report.Passed ? ExitCode.Ok : ExitCode.GateFailed);
        });
        return command;
    }

    /// <summary>Layer table, gates, verdict.</summary>
    public static void Write(CommandContext context, VerificationReport report, string folder)
    {
        if (report.LayerParity is { } parity)
        {
            var layers = new TextTable("tensor", "local mismatch", "local SQNR", "accumulated mismatch", "accumulated SQNR");
            foreach (var l in parity.Layers)
                layers.Add(l.Tensor, Percent(l.LocalMismatchRate), Decibels(l.LocalSqnrDecibels), Percent(l.AccumulatedMismatchRate), Decibels(l.AccumulatedSqnrDecibels));
            layers.WriteTo(context);
            context.Out.WriteLine();
        }

        var gates = new TextTable("gate", "result", "detail");
        foreach (var g in report.GateResults) gates.Add(g.Name, g.Passed ? "ok" : "FAILED", g.Detail);
        gates.WriteTo(context);
        foreach (var value in report.Accuracy?.Values ?? [])
            context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{value.Model} {report.Accuracy!.Metric}: {value.Value:F4}"));
        context.Out.WriteLine($"{(report.BitEqual ? "bit-equal" : "NOT bit-equal")} on {report.Examples} examples; report in {Path.Combine(folder, "parity.md")}");
    }

    private static string Percent(double value) => value.ToString("P4", CultureInfo.InvariantCulture);

    private static string Decibels(double? value) => value is { } v ? v.ToString("F1", CultureInfo.InvariantCulture) + " dB" : "exact";
}

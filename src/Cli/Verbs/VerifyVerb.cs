using System.CommandLine;
using System.Globalization;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Output;
using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Testing.Reports;
using QatKit.Training.Data;
using QatKit.Training.Runs;
using QatKit.Training.Verification;

namespace QatKit.Cli.Verbs;

/// <summary><c>qatkit verify MODEL --data FILE</c>: the ladder P0 to P4; exit code 0 only when every gate holds.</summary>
internal static class VerifyVerb
{
    public static Command Create(CommandContext context)
    {
        var model = new Argument<string>("model") { Description = "Folder of an exported model." };
        var checkpoint = new Option<string?>("--checkpoint") { Description = "Folder of the run that made the model: compares with its torch models, and takes its recipe's columns and gates." };
        var data = new Option<string>("--data") { Description = "Examples: a file, or builtin:reviews.", Required = true };
        var format = new Option<DataFormat?>("--format") { Description = "Format of the file; when omitted, extension and header tell." };
        var limit = new Option<int?>("--limit") { Description = "Use only the first so many examples." };
        var output = new Option<string?>("--output") { Description = "Folder for parity.json and parity.md; the model's parent folder when omitted." };
        var maxLoss = new Option<double?>("--max-metric-loss") { Description = "With --checkpoint: largest loss of the metric." };
        var mismatch = new Option<double?>("--max-local-mismatch") { Description = "With --checkpoint: largest share of differing codes of a tensor." };
        var agreement = new Option<double?>("--min-argmax-agreement") { Description = "With --checkpoint: smallest share of equal classes." };
        var backends = BackendOption.Several();
        var json = new Option<bool>("--json") { Description = "Write JSON." };
        var command = new VerbCommand("verify", "Prove that a model gives the same bits on every path, and compare it with its checkpoint.",
            "qatkit verify runs/quickstart/model --checkpoint runs/quickstart --data builtin:reviews")
        {
            model, checkpoint, data, format, limit, backends, output, maxLoss, mismatch, agreement, json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(limit) < 1) result.AddError("--limit must be at least 1.");
            if (result.GetValue(checkpoint) is not null) return;
            foreach (var gate in new[] { maxLoss, mismatch, agreement }.Where(g => result.GetResult(g) is not null))
                result.AddError($"{gate.Name} needs --checkpoint: without it there is nothing that the engine could be worse than.");
        });
        command.SetAction((parsed, cancellationToken) =>
        {
            var artifact = ArtifactReader.Read(parsed.GetRequiredValue(model));
            if (parsed.GetValue(agreement) is not null && artifact.Graph.Architecture.Classes == 1)
                throw new QatKitException("QK5107", agreement.Name, "the model is a regression: its one output is always the largest, so this gate could not fail. Leave it out; --max-local-mismatch and --max-metric-loss are the gates of a regression.");
            var columns = parsed.GetValue(checkpoint) is { } folderOfRun ? FakeQuantCheckpoint.ReadRecipe(folderOfRun).Task.Columns : null;
            var examples = VerificationData.Load(parsed.GetRequiredValue(data), parsed.GetValue(format), artifact, parsed.GetValue(limit), columns);
            if (parsed.GetValue(checkpoint) is not null && examples.Labels is null) TellMissingLabels(context, examples, parsed.GetValue(maxLoss) is null ? null : maxLoss.Name);
            if (examples.ClassesNote is { } note) context.Error.WriteLine($"warning: {note}");
            var asJson = parsed.GetValue(json);
            VerificationGates Gates(VerificationGates from) => new(
                parsed.GetValue(mismatch) ?? from.MaxLocalMismatchRate, parsed.GetValue(agreement) ?? from.MinArgmaxAgreement, parsed.GetValue(maxLoss) ?? from.MaxMetricLoss);
            var progress = asJson ? null : new LineProgress(context);
            var report = parsed.GetValue(checkpoint) is { } run
                ? RunVerification.Run(artifact, examples, run, parsed.GetRequiredValue(backends), Gates, progress, cancellationToken)
                : Verifier.Run(
                    new VerificationRequest(artifact, examples.Sequences)
                    {
                        Labels = examples.Labels,
                        Metric = examples.Metric,
                        Backends = parsed.GetRequiredValue(backends),
                    },
                    progress, cancellationToken);
            var folder = parsed.GetValue(output) ?? Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(artifact.Directory)))!;
            Verifier.Write(report, folder);
            if (asJson) context.Out.WriteLine(ReportJson.Write(report));
            else
            {
                WriteLayers(context, report);
                Write(context, report, folder);
            }

            return Task.FromResult(report.Passed ? ExitCode.Ok : ExitCode.GateFailed);
        });
        return command;
    }

    // A few rows without a label are a mistake, a file of texts is not; either way no gate on the metric must vanish unnoticed, be it the command's or the recipe's.
    private static void TellMissingLabels(CommandContext context, VerificationData examples, string? gate)
    {
        if (gate is not null)
            throw new QatKitException("QK5107", gate, $"not every row of {examples.Source} has a label, so there is no metric, and this gate could not fail. Leave it out, or pass data with labels.");
        if (examples.Unlabelled < examples.Sequences.Count)
            throw new QatKitException("QK5109", examples.Source, $"{examples.Unlabelled} of {examples.Sequences.Count} rows have no label, so there is no metric to compare with the float model's. Label them, or pass a file without labels.");
        context.Error.WriteLine($"warning: {examples.Source} has no labels: verify.max_metric_loss of the recipe is not checked.");
    }

    /// <summary>Gates, task metric, verdict.</summary>
    public static void Write(CommandContext context, VerificationReport report, string folder)
    {
        var gates = new TextTable("gate", "result", "detail");
        foreach (var g in report.GateResults) gates.Add(g.Name, g.Passed ? "ok" : "FAILED", g.Detail);
        gates.WriteTo(context);
        context.Out.WriteLine();
        if (report.Accuracy is { } accuracy)
        {
            var results = new TextTable("model", accuracy.Metric);
            foreach (var v in accuracy.Values) results.Add(v.Model, v.Value.ToString("F4", CultureInfo.InvariantCulture));
            results.WriteTo(context);
            context.Out.WriteLine();
        }

        context.Out.WriteLine($"{(report.BitEqual ? "bit-equal" : "NOT bit-equal")} on {report.ReferenceExamples} examples; report in {Path.Combine(folder, "parity.md")}");
    }

    private static void WriteLayers(CommandContext context, VerificationReport report)
    {
        if (report.LayerParity is not { } parity) return;
        var layers = new TextTable("codes that differ", "local", "SQNR", "accumulated", "SQNR");
        foreach (var l in parity.Layers)
            layers.Add(l.Tensor.Replace("bert.encoder.", "", StringComparison.Ordinal), Percent(l.LocalMismatchRate), Decibels(l.LocalSqnrDecibels), Percent(l.AccumulatedMismatchRate), Decibels(l.AccumulatedSqnrDecibels));
        layers.WriteTo(context);
        context.Out.WriteLine();
    }

    private static string Percent(double value) => value.ToString("P4", CultureInfo.InvariantCulture);

    private static string Decibels(double? value) => value is { } v ? v.ToString("F1", CultureInfo.InvariantCulture) + " dB" : "exact";
}

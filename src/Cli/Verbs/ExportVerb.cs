using System.CommandLine;
using System.Globalization;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Models;
using QatKit.Cli.Output;
using QatKit.Comparison;
using QatKit.Core.Artifact;
using QatKit.Core.Graph;
using QatKit.Training.Data;
using QatKit.Training.Runs;
using QatKit.Training.Verification;

namespace QatKit.Cli.Verbs;

/// <summary><c>qatkit export RUN</c>: writes the model of a finished run again, from its checkpoint; <c>qatkit export MODEL --onnx FILE</c>: as ONNX.</summary>
internal static class ExportVerb
{
    public static Command Create(CommandContext context)
    {
        var source = new Argument<string>("source") { Description = "Folder of a finished run; with --onnx also of an exported model or a float checkpoint." };
        var output = new Option<string?>("--output") { Description = "Folder of the model; the one inside the run when omitted." };
        var onnx = new Option<string?>("--onnx") { Description = "Write this ONNX file instead, and config.json, vocab.txt and tokenizer_config.json beside it." };
        var floating = new Option<bool>("--float") { Description = "With --onnx: float32 instead of INT8. Of a run, the weights before quantization; of an exported model, what its INT8 codes stand for." };
        var data = new Option<string?>("--data") { Description = "With --onnx: examples, a file or builtin:reviews, on which ONNX Runtime's answers are compared with those of the INT8 engine." };
        var format = new Option<DataFormat?>("--format") { Description = "With --data: format of the file; when omitted, extension and header tell." };
        var command = new VerbCommand("export", "Write the INT8 model of a finished run again, from its checkpoint, or write any model as ONNX.", "qatkit export runs/quickstart --onnx out/model.onnx")
        {
            source, output, onnx, floating, data, format,
        };
        command.Validators.Add(parsed =>
        {
            if (parsed.GetValue(onnx) is null ? parsed.GetValue(floating) || parsed.GetValue(data) is not null : parsed.GetValue(output) is not null)
                parsed.AddError("--float and --data go with --onnx, and --output without it.");
            if (parsed.GetValue(format) is not null && parsed.GetValue(data) is null) parsed.AddError("--format goes with --data.");
        });
        command.SetAction((parsed, cancellationToken) =>
        {
            var folder = parsed.GetRequiredValue(source);
            if (parsed.GetValue(onnx) is { } path)
            {
                // Read first: examples that cannot be compared must not leave a file behind.
                var artifact = parsed.GetValue(data) is null ? null : OnnxModelExporter.Read(folder);
                var examples = artifact is null ? [] : VerificationData.Load(parsed.GetRequiredValue(data)!, parsed.GetValue(format), artifact, columns: OnnxModelExporter.ColumnsOf(folder)).Sequences;
                var summary = parsed.GetValue(floating) ? OnnxModelExporter.ExportFloat(folder, path) : OnnxModelExporter.Export(folder, path);
                context.Out.WriteLine($"Wrote {path}, read it back and checked it.");
                OnnxReport.Write(context, summary);
                if (artifact is not null) Compare(context, artifact, path, examples, cancellationToken);
            }
            else
            {
                var artifact = RunExporter.Export(folder, parsed.GetValue(output), cancellationToken);
                context.Out.WriteLine($"Wrote {artifact.Directory}, read it back and compared it.");
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static void Compare(CommandContext context, ModelArtifact artifact, string path, IReadOnlyList<TokenBatch> examples, CancellationToken cancellation)
    {
        var table = new TextTable("ONNX Runtime", "classes of the engine", "largest logit difference", "mean");
        foreach (var a in OnnxAgreement.Measure(artifact.Graph, path, examples, cancellation))
            table.Add(a.Setting, Text($"{a.Agreeing} of {a.Examples} ({(double)a.Agreeing / a.Examples:P2})"), Text($"{a.LargestDifference:G3}"), Text($"{a.MeanDifference:G3}"));
        context.Out.WriteLine();
        table.WriteTo(context);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using System.CommandLine;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Models;
using QatKit.Training.Runs;

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
        var command = new VerbCommand("export", "Write the INT8 model of a finished run again, from its checkpoint, or write any model as ONNX.", "qatkit export runs/quickstart --onnx out/model.onnx")
        {
            source, output, onnx, floating,
        };
        command.Validators.Add(parsed =>
        {
            if (parsed.GetValue(onnx) is null ? parsed.GetValue(floating) : parsed.GetValue(output) is not null)
                parsed.AddError("--float goes with --onnx, and --output without it.");
        });
        command.SetAction((parsed, cancellationToken) =>
        {
            var folder = parsed.GetRequiredValue(source);
            if (parsed.GetValue(onnx) is { } path)
            {
                var summary = parsed.GetValue(floating) ? OnnxModelExporter.ExportFloat(folder, path) : OnnxModelExporter.Export(folder, path);
                context.Out.WriteLine($"Wrote {path}, read it back and checked it.");
                OnnxReport.Write(context, summary);
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
}

using System.CommandLine;
using System.Globalization;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Models;
using QatKit.Cli.Output;
using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Export.Onnx;

namespace QatKit.Cli.Verbs;

/// <summary><c>qatkit inspect MODEL</c>: placement, scales, sparsity, sizes, provenance; of an ONNX file, its contents and every problem.</summary>
internal static class InspectVerb
{
    public static Command Create(CommandContext context)
    {
        var model = new Argument<string>("model") { Description = "Folder of an exported model, or an ONNX file." };
        var json = new Option<bool>("--json") { Description = "Write JSON." };
        var command = new VerbCommand("inspect", "Show how a model is quantized: layers, scales, sparsity, sizes, provenance.", "qatkit inspect runs/quickstart/model") { model, json };
        command.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(model);
            if (File.Exists(path)) return InspectOnnx(context, path, parsed.GetValue(json));
            var summary = ModelSummary.Of(ArtifactReader.Read(path));
            if (parsed.GetValue(json)) JsonOutput.Write(context, summary);
            else Write(context, summary);
            return ExitCode.Ok;
        });
        return command;
    }

    private static int InspectOnnx(CommandContext context, string path, bool json)
    {
        var (summary, problems) = OnnxSummary.Read(path);
        if (json) JsonOutput.Write(context, new { Summary = summary, Problems = problems });
        else OnnxReport.Write(context, summary);
        if (problems.Count > 0) throw new QatKitException(problems);
        return ExitCode.Ok;
    }

    private static void Write(CommandContext context, ModelSummary s)
    {
        var a = s.Architecture;
        var table = new TextTable("layer", "width", "shape", "sparsity", "non-zero", "input scale", "weight scales");
        foreach (var l in s.Layers)
            table.Add(l.Layer, l.Width.ToLowerInvariant(), $"[{l.Out}, {l.In}]", l.Sparsity, Text($"{l.NonZero:P1}"), Text($"{l.InputScale:G6}"), Text($"{l.WeightScaleMin:G4} .. {l.WeightScaleMax:G4}"));
        table.WriteTo(context);
        context.Out.WriteLine();

        var facts = new TextTable("fact", "value");
        facts.Add("architecture", $"{a.Layers} layers, hidden {a.Hidden}, {a.Heads} heads, feed-forward {a.Intermediate}, vocabulary {a.VocabSize}, positions {a.MaxPositions}");
        facts.Add("labels", string.Join(", ", s.Labels));
        facts.Add("text", $"at most {s.MaxSequenceLength} tokens, {(s.LowerCase ? "lower-cased" : "cased")}, {(s.HasVocabulary ? "with" : "without")} vocabulary");
        facts.Add("embeddings", string.Join(", ", s.Embeddings.Select(e => $"{e.Key.Split('.')[^1]} {e.Value.ToLowerInvariant()}")));
        facts.Add("size", Text($"{s.Parameters:N0} parameters, {s.FileBytes:N0} bytes in {s.Files.Count} files"));
        facts.Add("format", $"format version {s.FormatVersion}, numerics version {s.NumericsVersion}, written by {s.Producer}");
        foreach (var (name, value) in s.Evaluation) facts.Add(name, Text($"{value:G6}"));
        foreach (var (name, value) in s.Provenance.Where(p => !p.Value.Contains('\n'))) facts.Add(name, value);
        facts.WriteTo(context);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

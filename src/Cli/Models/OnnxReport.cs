using System.Globalization;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Output;
using QatKit.Export.Onnx;

namespace QatKit.Cli.Models;

/// <summary>An ONNX file as a table.</summary>
internal static class OnnxReport
{
    public static void Write(CommandContext context, OnnxSummary s)
    {
        var table = new TextTable("fact", "value");
        table.Add("file", Text($"{s.Path}, {s.Bytes:N0} bytes"));
        table.Add("format", Text($"ir_version {s.IrVersion}, opset {string.Join(", ", s.Opsets.Select(o => $"{o.Key} {o.Value}"))}, written by {s.Producer}"));
        foreach (var input in s.Inputs) table.Add("input", input);
        foreach (var output in s.Outputs) table.Add("output", output);
        table.Add("nodes", Text($"{s.Operators.Values.Sum()}: {string.Join(", ", s.Operators.Select(o => $"{o.Key} {o.Value}"))}"));
        table.Add("INT8 products", Text($"{s.QuantizedProducts} of {s.Operators.GetValueOrDefault("MatMul")}"));
        table.Add("constants", Text($"{string.Join(", ", s.WeightBytes.Select(w => Text($"{w.Key} {w.Value:N0} bytes")))}"));
        table.Add("2:4 sparse", Text($"{s.Sparse24.Count} weights"));
        foreach (var (name, value) in s.Metadata.Where(m => !m.Value.Contains('\n'))) table.Add(name, value);
        table.WriteTo(context);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

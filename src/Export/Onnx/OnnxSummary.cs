using QatKit.Core.Diagnostics;
using QatKit.Export.Onnx.Checking;
using QatKit.Export.Onnx.Schema;

namespace QatKit.Export.Onnx;

/// <summary>What an ONNX file holds.</summary>
/// <param name="Path">The file.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="IrVersion">Version of the file format.</param>
/// <param name="Opsets">Version of each operator domain, the standard one as <c>ai.onnx</c>.</param>
/// <param name="Producer">Name and version of the program that wrote it.</param>
/// <param name="Inputs">Name, type and shape of each input.</param>
/// <param name="Outputs">Name, type and shape of each output.</param>
/// <param name="Operators">Number of nodes of each operator.</param>
/// <param name="QuantizedProducts">Products whose two factors are dequantized: those that an engine can compute in INT8.</param>
/// <param name="WeightBytes">Bytes of constants by element type.</param>
/// <param name="Sparse24">Weights that are 2:4 sparse.</param>
/// <param name="Metadata">The file's metadata.</param>
public sealed record OnnxSummary(
    string Path, long Bytes, long IrVersion, IReadOnlyDictionary<string, long> Opsets, string Producer,
    IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs, IReadOnlyDictionary<string, int> Operators, int QuantizedProducts,
    IReadOnlyDictionary<string, long> WeightBytes, IReadOnlyList<string> Sparse24, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>Reads a file and checks its structure.</summary>
    /// <returns>What it holds, and every problem, QK4311 to QK4319.</returns>
    /// <exception cref="QatKitException">QK4001 unreadable, QK4310 not an ONNX model.</exception>
    public static (OnnxSummary Summary, IReadOnlyList<Diagnostic> Problems) Read(string path)
    {
        var model = OnnxModel.Read(path);
        return (Of(model, new FileInfo(path).Length), OnnxChecker.Problems(model));
    }

    internal static OnnxSummary Of(OnnxModel model, long bytes)
    {
        var (message, graph) = (model.Message, model.Graph);
        return new OnnxSummary(
            model.Path, bytes, message.IrVersion,
            message.OpsetImport.GroupBy(o => o.Domain.Length == 0 ? "ai.onnx" : o.Domain).ToDictionary(g => g.Key, g => g.First().Version),
            $"{message.ProducerName} {message.ProducerVersion}".Trim(),
            [.. graph.Input.Select(Text)], [.. graph.Output.Select(Text)],
            graph.Node.CountBy(n => n.OpType).OrderBy(n => n.Key, StringComparer.Ordinal).ToDictionary(),
            graph.Node.Count(n => n.OpType == "MatMul" && n.Input.All(i => model.Producer(i) is { OpType: "DequantizeLinear" })),
            graph.Initializer.GroupBy(t => $"{(OnnxElementType)t.DataType}".ToLowerInvariant()).OrderBy(g => g.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Sum(t => (long)t.RawData.Length)),
            OnnxMetadata.Sparse24(message),
            message.MetadataProps.GroupBy(p => p.Key).ToDictionary(g => g.Key, g => g.First().Value));
    }

    private static string Text(ValueInfoProto value)
    {
        var type = value.Type?.TensorType;
        var axes = type?.Shape?.Dim.Select(d => d.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam ? d.DimParam : FormattableString.Invariant($"{d.DimValue}"));
        return $"{value.Name}: {$"{(OnnxElementType)(type?.ElemType ?? 0)}".ToLowerInvariant()} [{string.Join(", ", axes ?? [])}]";
    }
}

using QatKit.Core.Diagnostics;
using QatKit.Export.Onnx.Schema;

namespace QatKit.Export.Onnx.Checking;

/// <summary>Shapes follow from the inputs through every node to the outputs without contradiction.</summary>
/// <remarks>Free axes go along by name. A node whose operator or inputs are not known leaves its outputs unknown, and nothing is said of them.</remarks>
internal static class ShapeRule
{
    public static void Check(OnnxModel model, DiagnosticBag problems)
    {
        var shapes = new Dictionary<string, OnnxDimension[]?>(StringComparer.Ordinal);
        foreach (var input in model.Graph.Input) shapes[input.Name] = Declared(input);
        foreach (var tensor in model.Graph.Initializer) shapes[tensor.Name] = [.. tensor.Dims.Select(d => (OnnxDimension)d)];
        var inference = new ShapeInference(model, shapes);
        foreach (var node in model.Graph.Node)
        {
            try
            {
                inference.Infer(node);
            }
            catch (ShapeException e)
            {
                var inputs = string.Join(", ", node.Input.Where(i => i.Length > 0).Select(i => $"{i} {Text(shapes.GetValueOrDefault(i))}"));
                problems.Add("QK4318", $"{model.Path}: {node.Name}", $"{node.OpType} cannot take {inputs}: {e.Message} Export the model again.");
            }
        }

        foreach (var output in model.Graph.Output)
        {
            if (shapes.GetValueOrDefault(output.Name) is { } found && Declared(output) is { } declared && !Agree(found, declared))
                problems.Add("QK4318", $"{model.Path}: {output.Name}", $"the output is declared as {Text(declared)}, the nodes make {Text(found)}. Export the model again.");
        }
    }

    private static OnnxDimension[]? Declared(ValueInfoProto value) => value.Type?.TensorType?.Shape is { } shape
        ? [.. shape.Dim.Select(d => d.ValueCase switch
        {
            TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue => d.DimValue,
            TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam => d.DimParam,
            _ => default(OnnxDimension),
        })]
        : null;

    private static bool Agree(OnnxDimension[] a, OnnxDimension[] b) =>
        a.Length == b.Length && a.Zip(b).All(p => p.First == p.Second || p.First == default || p.Second == default);

    private static string Text(OnnxDimension[]? shape) =>
        shape is null ? "[unknown]" : $"[{string.Join(", ", shape.Select(d => d == default ? "?" : d.ToString()))}]";
}

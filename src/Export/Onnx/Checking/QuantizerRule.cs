using QatKit.Core.Diagnostics;
using QatKit.Core.Numerics;
using QatKit.Export.Onnx.Schema;

namespace QatKit.Export.Onnx.Checking;

/// <summary>Every scale is a positive, finite constant with an explicit int8 zero point of 0, and what is quantized is dequantized with
/// the same scale by its one reader.</summary>
/// <remarks>TensorRT takes symmetric int8 only; ONNX Runtime fuses pairs with one reader only.</remarks>
internal static class QuantizerRule
{
    public static void Check(OnnxModel model, DiagnosticBag problems)
    {
        foreach (var node in model.Graph.Node)
        {
            if (node.OpType is not ("QuantizeLinear" or "DequantizeLinear")) continue;
            var place = $"{model.Path}: {node.Name}";
            if (node.Input.Count != 3 || node.Output.Count != 1)
            {
                problems.Add("QK4315", place, $"{node.OpType} has {node.Input.Count} inputs instead of value, scale and zero point, and {node.Output.Count} outputs. Export the model again.");
                continue;
            }

            CheckParameters(model, node, place, problems);
            if (node.OpType == "QuantizeLinear") CheckPair(model, node, place, problems);
        }
    }

    private static void CheckParameters(OnnxModel model, NodeProto node, string place, DiagnosticBag problems)
    {
        if (model.Values<float>(node.Input[1]) is not { Length: > 0 } scales)
            problems.Add("QK4315", place, $"the scale '{node.Input[1]}' is not a float constant. Export the model again.");
        else if (Array.FindIndex(scales, s => !QuantizationParameters.IsValidScale(s)) is var at and >= 0)
            problems.Add("QK4315", place, $"the scale '{node.Input[1]}' is {scales[at]:R} at element {at}. A scale is positive, finite and normal: export the model again.");
        if (model.Values<sbyte>(node.Input[2]) is not { } zeros || !model.Tensor(node.Input[2])!.Dims.Equals(model.Tensor(node.Input[1])?.Dims))
            problems.Add("QK4315", place, $"the zero point '{node.Input[2]}' is not an int8 constant of the scale's shape. Export the model again.");
        else if (Array.FindIndex(zeros, z => z != 0) is var index and >= 0)
            problems.Add("QK4315", place, $"the zero point '{node.Input[2]}' is {zeros[index]} at element {index}. Only symmetric codes, with zero points of 0, are taken by every engine.");
    }

    private static void CheckPair(OnnxModel model, NodeProto node, string place, DiagnosticBag problems)
    {
        var readers = model.Readers(node.Output[0]).ToList();
        if (readers is not [{ OpType: "DequantizeLinear" }])
            problems.Add("QK4316", place, $"the codes are read by {(readers.Count == 0 ? "nothing" : string.Join(", ", readers.Select(r => r.Name)))}; one DequantizeLinear must read them, so that engines find the pair.");
        else if (!readers[0].Input.Skip(1).SequenceEqual(node.Input.Skip(1)))
            problems.Add("QK4316", place, $"the codes are dequantized by '{readers[0].Name}' with another scale or zero point. Both nodes of a pair name the same constants.");
    }
}

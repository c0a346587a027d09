using QatKit.Core.Diagnostics;

namespace QatKit.Export.Onnx.Checking;

/// <summary>A product with quantized weights is read by the Add of its bias and by nothing else: a quantizer in between would round twice
/// and keep engines from fusing the bias.</summary>
internal static class BiasRule
{
    public static void Check(OnnxModel model, DiagnosticBag problems)
    {
        foreach (var node in model.Graph.Node.Where(n => n.OpType == "MatMul" && n.Input.Count == 2 && n.Output.Count == 1))
        {
            if (model.Producer(node.Input[1]) is not { OpType: "DequantizeLinear", Input.Count: > 0 } weights || model.Tensor(weights.Input[0]) is null) continue;
            var place = $"{model.Path}: {node.Name}";
            if (model.Producer(node.Input[0]) is not { OpType: "DequantizeLinear" })
                problems.Add("QK4317", place, $"the weights are quantized but the input '{node.Input[0]}' is not. Put a QuantizeLinear, DequantizeLinear pair before the product.");
            var readers = model.Readers(node.Output[0]).ToList();
            if (readers is not [{ OpType: "Add" } add] || !add.Input.Any(i => model.Tensor(i)?.DataType == (int)OnnxElementType.Float))
                problems.Add("QK4317", place, $"the product is read by {(readers.Count == 0 ? "nothing" : string.Join(", ", readers.Select(r => r.OpType)))} instead of the Add of a float bias. Nothing may stand between a product and its bias.");
        }
    }
}

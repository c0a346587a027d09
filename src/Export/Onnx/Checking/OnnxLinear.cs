using QatKit.Core.Artifact;
using QatKit.Core.Graph;
using QatKit.Export.Onnx.Schema;

namespace QatKit.Export.Onnx.Checking;

/// <summary>One linear layer of a model as the ONNX file has it, taken from the nodes that an engine would run.</summary>
/// <param name="Codes">int8 codes [out, in]; null for a float layer.</param>
/// <param name="Values">Float weights [out, in]; null for an int8 layer.</param>
/// <param name="WeightScale">[out]; null for a float layer.</param>
/// <param name="InputScale">One element; null for a float layer.</param>
/// <param name="Bias">[out].</param>
internal sealed record OnnxLinear(sbyte[]? Codes, float[]? Values, float[]? WeightScale, float[]? InputScale, float[]? Bias)
{
    /// <summary>Finds a layer, alone or in the stack of its projections; null where the file has no such product.</summary>
    public static OnnxLinear? Find(OnnxModel model, QuantizedLinear linear)
    {
        if (Product(model, linear.Name) is { } own) return Read(model, own, linear.Name, linear, 0);
        var cut = linear.Name.LastIndexOf('.');
        var stack = linear.Name[..(cut + 1)] + OnnxNames.Stack;
        var part = Array.IndexOf(["query", "key", "value"], linear.Name[(cut + 1)..]);
        return part >= 0 && Product(model, stack) is { } product ? Read(model, product, stack, linear, part) : null;
    }

    private static NodeProto? Product(OnnxModel model, string name) =>
        model.Producer(name + "/MatMul") is { OpType: "MatMul", Input.Count: 2 } node ? node : null;

    private static OnnxLinear Read(OnnxModel model, NodeProto product, string name, QuantizedLinear linear, int part)
    {
        T[]? Part<T>(T[]? whole, int width) where T : unmanaged =>
            whole is null || whole.Length < (part + 1) * linear.Out * width ? null : whole[(part * linear.Out * width)..((part + 1) * linear.Out * width)];

        // Stored [in, outputs of the stack]; back to [outputs, in].
        T[]? Weights<T>(T[]? stored) where T : unmanaged =>
            stored is null || stored.Length % linear.In != 0 ? null : Part(Matrix.Transpose(stored, linear.In, stored.Length / linear.In), linear.In);

        var bias = Part(model.Values<float>(TensorNames.Bias(name)), 1);
        if (model.Producer(product.Input[1]) is not { OpType: "DequantizeLinear", Input.Count: 3 } weights)
            return new OnnxLinear(null, Weights(model.Values<float>(product.Input[1])), null, null, bias);
        var input = model.Producer(product.Input[0]); // DequantizeLinear; its scale is that of its QuantizeLinear (QK4316).
        return new OnnxLinear(
            Weights(model.Values<sbyte>(weights.Input[0])), null, Part(model.Values<float>(weights.Input[1]), 1),
            input is { OpType: "DequantizeLinear", Input.Count: 3 } ? model.Values<float>(input.Input[1]) : null, bias);
    }
}

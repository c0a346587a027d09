using QatKit.Core.Graph;
using QatKit.Export.Onnx;

namespace QatKit.Comparison.Onnx;

/// <summary>Writes a quantized model as an ONNX graph in any of the forms that ONNX Runtime may be fastest with.</summary>
/// <remarks>Shapes are fixed and there is no attention mask: measured batches have no padding, so that ONNX Runtime does not
/// pay for what this comparison does not need. Inputs are int32, as its fused embedding wants.</remarks>
internal static class OpponentGraph
{
    /// <summary>Names of the inputs and outputs.</summary>
    public const string InputIds = "input_ids", TokenTypeIds = "token_type_ids", Pooled = "pooled", Logits = "logits";

    /// <summary>The bytes of the ONNX file.</summary>
    /// <param name="model">The model; its real weights are used.</param>
    /// <param name="form">Operators and weights.</param>
    /// <param name="batch">B.</param>
    /// <param name="sequence">S.</param>
    /// <param name="firstOnly">After the last layer's attention keep the first token of each sequence only, which is all that the pooler reads.</param>
    /// <param name="sevenBits">Whether signed weights must be halved on this processor.</param>
    public static byte[] Build(QuantizedGraph model, OpponentForm form, int batch, int sequence, bool firstOnly, bool sevenBits)
    {
        var a = model.Architecture;
        var nodes = new OpponentNodes(form, a, sevenBits);
        var ids = nodes.Graph.Input(InputIds, OnnxElementType.Int32, batch, sequence);
        var types = nodes.Graph.Input(TokenTypeIds, OnnxElementType.Int32, batch, sequence);
        var x = nodes.Embed(model, ids, types, sequence); // [B, S, H]
        for (var i = 0; i < model.Layers.Count; i++) x = Layer(nodes, model.Layers[i], x, a, ModuleNames.Context(i), firstOnly && i + 1 == model.Layers.Count);

        var first = nodes.Reshape(nodes.First(x), batch, a.Hidden); // [B, H]
        nodes.Graph.Node("Tanh", Pooled, [nodes.LinearWithBias(model.Pooler, first)]);
        nodes.Graph.Node("Identity", Logits, [nodes.LinearWithBias(model.Classifier, Pooled)]); // [B, C]
        nodes.Graph.Output(Pooled, OnnxElementType.Float, batch, a.Hidden);
        nodes.Graph.Output(Logits, OnnxElementType.Float, batch, a.Classes);
        return nodes.Graph.ToBytes();
    }

    // [B, S, H] -> [B, S, H], or [B, 1, H]
    private static string Layer(OpponentNodes nodes, QuantizedEncoderLayer layer, string x, BertArchitecture a, string contextName, bool firstOnly)
    {
        var context = nodes.Attend(layer, x, a, contextName, firstOnly);
        var residual = firstOnly ? nodes.First(x) : x;
        var attention = nodes.AddAndNormalize(nodes.Linear(layer.AttentionOutput, context), residual, layer.AttentionLayerNorm);
        var up = nodes.Gelu(nodes.Linear(layer.Intermediate, attention));
        return nodes.AddAndNormalize(nodes.Linear(layer.Output, up), attention, layer.OutputLayerNorm);
    }
}

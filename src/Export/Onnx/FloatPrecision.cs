using QatKit.Core.Artifact;
using QatKit.Core.Graph;

namespace QatKit.Export.Onnx;

/// <summary>Float weights and products, nothing quantized.</summary>
internal sealed class FloatPrecision(BertWeights weights) : IBertPrecision
{
    public BertArchitecture Architecture => weights.Architecture;

    public float[] Embedding(string module) => weights.Tensors[TensorNames.Weight(module)];

    public (float[] Gamma, float[] Beta) Norm(string module) => (weights.Tensors[TensorNames.Weight(module)], Bias(module));

    public float[] Bias(string module) => weights.Tensors[TensorNames.Bias(module)];

    public bool CanStack(IReadOnlyList<string> modules) => true;

    public string Weight(OnnxGraphBuilder graph, string name, IReadOnlyList<string> modules, int outputs, int inputs)
    {
        var stacked = Matrix.Stack(modules.Select(m => weights.Tensors[TensorNames.Weight(m)]));
        return graph.Initializer<float>(TensorNames.Weight(name), [inputs, outputs], Matrix.Transpose(stacked, outputs, inputs));
    }

    public string LinearInput(OnnxGraphBuilder graph, string name, string module, string value) => value;

    public string AttentionOperand(OnnxGraphBuilder graph, string module, string value) => value;
}

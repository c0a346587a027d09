using QatKit.Core.Graph;

namespace QatKit.Export.Onnx;

/// <summary>What differs between the INT8 and the float graph of a BERT: weights, and what stands before each product.</summary>
internal interface IBertPrecision
{
    /// <summary>Sizes.</summary>
    BertArchitecture Architecture { get; }

    /// <summary>Values of an embedding table, [rows, H].</summary>
    float[] Embedding(string module);

    /// <summary>Gamma and beta of a LayerNorm, [H] each.</summary>
    (float[] Gamma, float[] Beta) Norm(string module);

    /// <summary>Bias of a linear layer, [out].</summary>
    float[] Bias(string module);

    /// <summary>True when layers that read one value may become one product.</summary>
    bool CanStack(IReadOnlyList<string> modules);

    /// <summary>Adds the weights of linear layers, stacked along their outputs.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="name">Name of the stack; of a single layer, its module.</param>
    /// <param name="modules">The layers.</param>
    /// <param name="outputs">Outputs of all layers together.</param>
    /// <param name="inputs">Inputs of each.</param>
    /// <returns>A float value [inputs, outputs].</returns>
    string Weight(OnnxGraphBuilder graph, string name, IReadOnlyList<string> modules, int outputs, int inputs);

    /// <summary>What a linear layer, or the stack <paramref name="name"/> that begins with it, multiplies with its weights.</summary>
    /// <returns><paramref name="value"/>, or its quantized and dequantized form.</returns>
    string LinearInput(OnnxGraphBuilder graph, string name, string module, string value);

    /// <summary>What attention multiplies: the output of a query, key or value projection, already in heads.</summary>
    /// <returns><paramref name="value"/>, or its quantized and dequantized form.</returns>
    string AttentionOperand(OnnxGraphBuilder graph, string module, string value);
}

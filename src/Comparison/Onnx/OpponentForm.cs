namespace QatKit.Comparison.Onnx;

/// <summary>Which operators of ONNX Runtime's own the graph uses.</summary>
internal enum Fusion
{
    /// <summary>Standard ONNX operators only; what ONNX Runtime fuses when it loads the graph is its own affair.</summary>
    None,

    /// <summary><c>Attention</c> or <c>QAttention</c>, with the projections of query, key and value inside, <c>SkipLayerNormalization</c>,
    /// <c>EmbedLayerNormalization</c>, <c>BiasGelu</c> or <c>Gelu</c>.</summary>
    Attention,

    /// <summary>The same with <c>MultiHeadAttention</c>, which has a flash kernel, after three projections.</summary>
    MultiHeadAttention,
}

/// <summary>How the graph keeps the weights of linear layers.</summary>
internal enum OpponentWeights
{
    /// <summary>float32; activations stay float32.</summary>
    Float32,

    /// <summary>Signed codes with a scale per output; activations are quantized at run time to unsigned codes.</summary>
    Int8,

    /// <summary>Unsigned codes with zero-point 128, the same otherwise.</summary>
    UInt8,
}

/// <summary>One way to write the model for ONNX Runtime.</summary>
/// <param name="Fusion">Operators.</param>
/// <param name="Weights">Weights.</param>
internal sealed record OpponentForm(Fusion Fusion, OpponentWeights Weights)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<OpponentForm> All { get; } =
        [.. Enum.GetValues<OpponentWeights>().SelectMany(w => Enum.GetValues<Fusion>().Select(f => new OpponentForm(f, w)))];

    /// <summary>Name in tables.</summary>
    public string Name => (Weights, Fusion) switch
    {
        (OpponentWeights.Float32, Fusion.None) => "standard operators",
        (OpponentWeights.Float32, Fusion.Attention) => "Attention, BiasGelu",
        (OpponentWeights.Float32, _) => "MultiHeadAttention, BiasGelu",
        (_, Fusion.None) => $"DynamicQuantizeLinear, MatMulInteger, {Sign}",
        (_, Fusion.Attention) => $"QAttention, DynamicQuantizeMatMul, {Sign}",
        _ => $"MultiHeadAttention, MatMulIntegerToFloat, {Sign}",
    };

    /// <summary>True for integer matrix products.</summary>
    public bool IsInt8 => Weights != OpponentWeights.Float32;

    private string Sign => Weights == OpponentWeights.UInt8 ? "u8 weights" : "s8 weights";
}

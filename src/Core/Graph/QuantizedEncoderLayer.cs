using QatKit.Core.Numerics;

namespace QatKit.Core.Graph;

/// <summary>One encoder layer over codes.</summary>
public sealed class QuantizedEncoderLayer
{
    /// <summary>Query projection [H, H].</summary>
    public required QuantizedLinear Query { get; init; }

    /// <summary>Key projection [H, H].</summary>
    public required QuantizedLinear Key { get; init; }

    /// <summary>Value projection [H, H].</summary>
    public required QuantizedLinear Value { get; init; }

    /// <summary>s_q: quantizer of the query projection's output (int8).</summary>
    public required QuantizationParameters QueryOutput { get; init; }

    /// <summary>s_k: quantizer of the key projection's output (int8).</summary>
    public required QuantizationParameters KeyOutput { get; init; }

    /// <summary>s_v: quantizer of the value projection's output (int8).</summary>
    public required QuantizationParameters ValueOutput { get; init; }

    /// <summary>Attention output projection [H, H].</summary>
    public required QuantizedLinear AttentionOutput { get; init; }

    /// <summary>LayerNorm after attention.</summary>
    public required QuantizedLayerNorm AttentionLayerNorm { get; init; }

    /// <summary>FFN up projection [F, H], followed by GELU.</summary>
    public required QuantizedLinear Intermediate { get; init; }

    /// <summary>FFN down projection [H, F].</summary>
    public required QuantizedLinear Output { get; init; }

    /// <summary>LayerNorm after the FFN.</summary>
    public required QuantizedLayerNorm OutputLayerNorm { get; init; }

    /// <summary>The six linear layers in the order in which they run.</summary>
    public IEnumerable<QuantizedLinear> Linears => [Query, Key, Value, AttentionOutput, Intermediate, Output];

    /// <inheritdoc cref="QuantizedLinear.WithoutWeights"/>
    internal QuantizedEncoderLayer WithoutWeights() => new()
    {
        Query = Query.WithoutWeights(),
        Key = Key.WithoutWeights(),
        Value = Value.WithoutWeights(),
        QueryOutput = QueryOutput,
        KeyOutput = KeyOutput,
        ValueOutput = ValueOutput,
        AttentionOutput = AttentionOutput.WithoutWeights(),
        AttentionLayerNorm = AttentionLayerNorm,
        Intermediate = Intermediate.WithoutWeights(),
        Output = Output.WithoutWeights(),
        OutputLayerNorm = OutputLayerNorm,
    };
}

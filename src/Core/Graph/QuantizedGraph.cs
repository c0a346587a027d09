namespace QatKit.Core.Graph;

/// <summary>A frozen, quantized BERT classifier as plain data: what the training side hands over and every backend runs.</summary>
public sealed class QuantizedGraph
{
    /// <summary>Sizes.</summary>
    public required BertArchitecture Architecture { get; init; }

    /// <summary>Word embedding [V, H].</summary>
    public required EmbeddingTable WordEmbeddings { get; init; }

    /// <summary>Position embedding [P, H].</summary>
    public required EmbeddingTable PositionEmbeddings { get; init; }

    /// <summary>Token-type embedding [types, H].</summary>
    public required EmbeddingTable TokenTypeEmbeddings { get; init; }

    /// <summary>LayerNorm of the embeddings.</summary>
    public required QuantizedLayerNorm EmbeddingLayerNorm { get; init; }

    /// <summary>Encoder layers in order.</summary>
    public required IReadOnlyList<QuantizedEncoderLayer> Layers { get; init; }

    /// <summary>Pooler [H, H], followed by tanh; reads the first token of each sequence.</summary>
    public required QuantizedLinear Pooler { get; init; }

    /// <summary>Classifier [C, H]; always int16.</summary>
    public required QuantizedLinear Classifier { get; init; }

    /// <summary>Every linear layer in the order in which it runs.</summary>
    public IEnumerable<QuantizedLinear> Linears => Layers.SelectMany(l => l.Linears).Append(Pooler).Append(Classifier);

    /// <summary>Every LayerNorm in the order in which it runs.</summary>
    public IEnumerable<QuantizedLayerNorm> LayerNorms =>
        Layers.SelectMany(l => new[] { l.AttentionLayerNorm, l.OutputLayerNorm }).Prepend(EmbeddingLayerNorm);
}

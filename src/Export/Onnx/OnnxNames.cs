namespace QatKit.Export.Onnx;

/// <summary>Names of the inputs and outputs of an exported model: Hugging Face's.</summary>
public static class OnnxNames
{
    /// <summary>Token ids, int64 [batch, sequence].</summary>
    public const string InputIds = "input_ids";

    /// <summary>1 for tokens and 0 for padding, int64 [batch, sequence]; every row needs a token.</summary>
    public const string AttentionMask = "attention_mask";

    /// <summary>Segment ids, int64 [batch, sequence].</summary>
    public const string TokenTypeIds = "token_type_ids";

    /// <summary>Logits, float [batch, classes].</summary>
    public const string Logits = "logits";

    /// <summary>Last part of the name of query, key and value projection as one linear layer [3H, H].</summary>
    internal const string Stack = "query_key_value";

    /// <summary>The three projections of encoder layer <paramref name="layer"/> as one.</summary>
    internal static string ProjectionStack(int layer) => $"{Core.Graph.ModuleNames.Context(layer)}.{Stack}";
}

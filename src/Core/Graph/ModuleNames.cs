using System.Globalization;

namespace QatKit.Core.Graph;

/// <summary>Hugging Face module paths of a BERT sequence classifier; also the names of activation traces.</summary>
public static class ModuleNames
{
    /// <summary>Word embedding.</summary>
    public const string WordEmbeddings = "bert.embeddings.word_embeddings";

    /// <summary>Position embedding.</summary>
    public const string PositionEmbeddings = "bert.embeddings.position_embeddings";

    /// <summary>Token-type embedding.</summary>
    public const string TokenTypeEmbeddings = "bert.embeddings.token_type_embeddings";

    /// <summary>LayerNorm of the embeddings.</summary>
    public const string EmbeddingLayerNorm = "bert.embeddings.LayerNorm";

    /// <summary>Pooler's dense layer.</summary>
    public const string Pooler = "bert.pooler.dense";

    /// <summary>Classifier.</summary>
    public const string Classifier = "classifier";

    /// <summary>Trace name of the logits.</summary>
    public const string Logits = "logits";

    /// <summary>Prefix of encoder layer <paramref name="layer"/>.</summary>
    public static string Layer(int layer) => $"bert.encoder.layer.{layer}";

    /// <summary>The encoder layer in which a name lies; null for every other name.</summary>
    public static int? LayerOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var prefix = Layer(0)[..^1];
        if (!name.StartsWith(prefix, StringComparison.Ordinal)) return null;
        var end = name.IndexOf('.', prefix.Length);
        return end > 0 && int.TryParse(name.AsSpan(prefix.Length, end - prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var layer) ? layer : null;
    }

    /// <summary>Query projection.</summary>
    public static string Query(int layer) => Layer(layer) + ".attention.self.query";

    /// <summary>Key projection.</summary>
    public static string Key(int layer) => Layer(layer) + ".attention.self.key";

    /// <summary>Value projection.</summary>
    public static string Value(int layer) => Layer(layer) + ".attention.self.value";

    /// <summary>Trace name of the attention context (the input codes of the output projection).</summary>
    public static string Context(int layer) => Layer(layer) + ".attention.self";

    /// <summary>Attention output projection.</summary>
    public static string AttentionOutput(int layer) => Layer(layer) + ".attention.output.dense";

    /// <summary>LayerNorm after attention.</summary>
    public static string AttentionLayerNorm(int layer) => Layer(layer) + ".attention.output.LayerNorm";

    /// <summary>FFN up projection.</summary>
    public static string Intermediate(int layer) => Layer(layer) + ".intermediate.dense";

    /// <summary>FFN down projection.</summary>
    public static string Output(int layer) => Layer(layer) + ".output.dense";

    /// <summary>LayerNorm after the FFN.</summary>
    public static string OutputLayerNorm(int layer) => Layer(layer) + ".output.LayerNorm";
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.Training.Bert;

/// <summary>The parts of a Hugging Face <c>config.json</c> that a BERT classifier needs; the defaults are Hugging Face's.</summary>
public sealed record BertConfig
{
    private const int MaxClasses = 65_536;

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    /// <summary>Family of the model; only <c>bert</c>.</summary>
    [JsonPropertyName("model_type")]
    public string ModelType { get; init; } = "bert";

    /// <summary>How positions come in; only <c>absolute</c>.</summary>
    [JsonPropertyName("position_embedding_type")]
    public string PositionEmbeddingType { get; init; } = "absolute";

    /// <summary>Rows of the word embedding.</summary>
    [JsonPropertyName("vocab_size")]
    public int VocabSize { get; init; } = 30522;

    /// <summary>H.</summary>
    [JsonPropertyName("hidden_size")]
    public int HiddenSize { get; init; } = 768;

    /// <summary>L.</summary>
    [JsonPropertyName("num_hidden_layers")]
    public int Layers { get; init; } = 12;

    /// <summary>A; divides H.</summary>
    [JsonPropertyName("num_attention_heads")]
    public int Heads { get; init; } = 12;

    /// <summary>F.</summary>
    [JsonPropertyName("intermediate_size")]
    public int IntermediateSize { get; init; } = 3072;

    /// <summary>Activation of the FFN; only <c>gelu</c> (the exact form with erf).</summary>
    [JsonPropertyName("hidden_act")]
    public string HiddenActivation { get; init; } = "gelu";

    /// <summary>Dropout of embeddings and of each block's output.</summary>
    [JsonPropertyName("hidden_dropout_prob")]
    public double HiddenDropout { get; init; } = 0.1;

    /// <summary>Dropout of attention probabilities.</summary>
    [JsonPropertyName("attention_probs_dropout_prob")]
    public double AttentionDropout { get; init; } = 0.1;

    /// <summary>Dropout before the classifier; the hidden dropout when absent.</summary>
    [JsonPropertyName("classifier_dropout")]
    public double? ClassifierDropout { get; init; }

    /// <summary>Rows of the position embedding, the longest sequence in tokens.</summary>
    [JsonPropertyName("max_position_embeddings")]
    public int MaxPositions { get; init; } = 512;

    /// <summary>Rows of the token-type embedding.</summary>
    [JsonPropertyName("type_vocab_size")]
    public int TypeVocabSize { get; init; } = 2;

    /// <summary>Standard deviation of freshly initialised weights.</summary>
    [JsonPropertyName("initializer_range")]
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>eps of every LayerNorm.</summary>
    [JsonPropertyName("layer_norm_eps")]
    public double LayerNormEpsilon { get; init; } = 1e-12;

    /// <summary>Outputs C of the classifier; 1 is regression. Not a key of config.json, which lists labels instead.</summary>
    [JsonIgnore]
    public int Classes { get; init; } = 2;

    /// <summary>Reads a configuration file.</summary>
    /// <param name="path">A <c>config.json</c>.</param>
    /// <param name="classes">C; when omitted, the number of entries of <c>id2label</c>, or <c>num_labels</c>, or 2.</param>
    /// <exception cref="QatKitException">QK2020: absent or not JSON; QK2021: every value outside the limits.</exception>
    public static BertConfig Load(string path, int? classes = null)
    {
        if (!File.Exists(path))
            throw new QatKitException("QK2020", path, "the file does not exist. Pass a model folder in Hugging Face form.");
        BertConfig config;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            config = document.Deserialize<BertConfig>(Json) ?? throw new JsonException("the file holds null.");
            config = config with { Classes = classes ?? Labels(document.RootElement) };
        }
        catch (JsonException e)
        {
            throw new QatKitException("QK2020", path, $"not a BERT configuration: {e.Message} Pass a Hugging Face config.json.", e);
        }

        config.Check(path);
        return config;
    }

    /// <summary>The configuration as config.json text, with <c>architectures</c> and <c>id2label</c>.</summary>
    public string ToJson()
    {
        var node = JsonSerializer.SerializeToNode(this, Json)!.AsObject();
        node["architectures"] = new System.Text.Json.Nodes.JsonArray("BertForSequenceClassification");
        node["id2label"] = new System.Text.Json.Nodes.JsonObject(
            Enumerable.Range(0, Classes).Select(i => KeyValuePair.Create($"{i}", (System.Text.Json.Nodes.JsonNode?)$"LABEL_{i}")));
        return node.ToJsonString(Json);
    }

    /// <summary>The sizes, as the quantized graph states them.</summary>
    public BertArchitecture ToArchitecture() =>
        new(Layers, HiddenSize, Heads, IntermediateSize, VocabSize, MaxPositions, TypeVocabSize, Classes, LayerNormEpsilon);

    /// <summary>Throws when a value is outside its limits.</summary>
    /// <param name="location">Where the values come from, for the message.</param>
    /// <exception cref="QatKitException">QK2021, every problem at once.</exception>
    public void Check(string location)
    {
        var problems = new DiagnosticBag();
        void Require(bool ok, string message)
        {
            if (!ok) problems.Add("QK2021", location, message);
        }

        Require(ModelType == "bert", $"model_type = '{ModelType}' is not supported. Use a BERT model.");
        Require(PositionEmbeddingType == "absolute", $"position_embedding_type = '{PositionEmbeddingType}' is not supported. Use a model with 'absolute'.");
        foreach (var problem in ArchitectureLimits.Problems(ToArchitecture())) problems.Add("QK2021", location, problem);
        Require(Classes <= MaxClasses, $"num_labels = {Classes} is above {MaxClasses}. List the labels that the task has.");
        Require(HasUsableEpsilon, string.Create(CultureInfo.InvariantCulture, $"layer_norm_eps = {LayerNormEpsilon}: eps·H²·4^k is no normal float32 for every LayerNorm exponent k. Use a number such as 1e-12."));
        Require(HiddenActivation == "gelu", $"hidden_act = '{HiddenActivation}' is not supported. Use a model with 'gelu'.");
        foreach (var (name, value) in new[] { ("hidden_dropout_prob", HiddenDropout), ("attention_probs_dropout_prob", AttentionDropout), ("classifier_dropout", ClassifierDropout ?? 0) })
            Require(value is >= 0 and < 1, $"{name} = {value} is outside [0, 1).");
        problems.ThrowIfAny();
    }

    // Only calibration tells the exponents; training for hours first would be a pity. What is not positive is told already.
    private bool HasUsableEpsilon =>
        !(double.IsFinite(LayerNormEpsilon) && LayerNormEpsilon > 0)
        || (float.IsNormal(IntegerLayerNorm.EpsilonTerm(LayerNormEpsilon, HiddenSize, -NumericsContract.MaxLayerNormExponent))
            && float.IsNormal(IntegerLayerNorm.EpsilonTerm(LayerNormEpsilon, HiddenSize, NumericsContract.MaxLayerNormExponent)));

    private static int Labels(JsonElement root)
    {
        if (root.TryGetProperty("id2label", out var labels) && labels.ValueKind == JsonValueKind.Object) return labels.EnumerateObject().Count();
        if (!root.TryGetProperty("num_labels", out var count)) return 2;
        return count.ValueKind == JsonValueKind.Number && count.TryGetInt32(out var labelled) ? labelled : throw new JsonException($"num_labels = {count.GetRawText()} is not a whole number.");
    }
}

using System.Text.Json;
using QatKit.Core.Graph;

namespace QatKit.Export;

/// <summary>Writes a Hugging Face <c>config.json</c>, so that other tools read the model.</summary>
internal static class ConfigWriter
{
    /// <summary>The configuration of an artifact: with a compressed-tensors section.</summary>
    public static void Write(Stream stream, QuantizedGraph graph, IReadOnlyList<string> labels) =>
        Write(stream, graph.Architecture, labels, json => WriteQuantization(json, graph));

    /// <summary>The configuration of a model without quantized tensors of its own.</summary>
    public static void Write(Stream stream, BertArchitecture architecture, IReadOnlyList<string> labels) =>
        Write(stream, architecture, labels, _ => { });

    private static void Write(Stream stream, BertArchitecture a, IReadOnlyList<string> labels, Action<Utf8JsonWriter> writeMore)
    {
        using var json = new Utf8JsonWriter(stream, ManifestWriter.Options);
        json.WriteStartObject();
        Strings(json, "architectures", ["BertForSequenceClassification"]);
        json.WriteString("model_type", "bert");
        json.WriteString("hidden_act", "gelu");
        json.WriteString("position_embedding_type", "absolute");
        json.WriteNumber("num_hidden_layers", a.Layers);
        json.WriteNumber("hidden_size", a.Hidden);
        json.WriteNumber("num_attention_heads", a.Heads);
        json.WriteNumber("intermediate_size", a.Intermediate);
        json.WriteNumber("vocab_size", a.VocabSize);
        json.WriteNumber("max_position_embeddings", a.MaxPositions);
        json.WriteNumber("type_vocab_size", a.TypeVocabSize);
        json.WriteNumber("layer_norm_eps", a.LayerNormEpsilon);
        json.WriteNumber("num_labels", a.Classes);
        json.WriteStartObject("id2label");
        for (var i = 0; i < labels.Count; i++) json.WriteString($"{i}", labels[i]);
        json.WriteEndObject();
        json.WriteStartObject("label2id");
        for (var i = 0; i < labels.Count; i++) json.WriteNumber(labels[i], i);
        json.WriteEndObject();
        writeMore(json);
        json.WriteEndObject();
    }

    private static void WriteQuantization(Utf8JsonWriter json, QuantizedGraph graph)
    {
        json.WriteStartObject("quantization_config");
        json.WriteString("quant_method", "compressed-tensors");
        json.WriteString("format", "int-quantized");
        json.WriteString("quantization_status", "compressed");
        json.WriteStartObject("config_groups");
        WriteGroup(json, "group_0", ["Linear"], withActivations: true);
        string[] embeddings = [.. new[] { graph.WordEmbeddings, graph.PositionEmbeddings, graph.TokenTypeEmbeddings }.Where(t => t.Codes is not null).Select(t => t.Name)];
        if (embeddings.Length > 0) WriteGroup(json, "group_1", embeddings, withActivations: false);
        json.WriteEndObject();
        // compressed-tensors has no 16-bit activations: those layers are QatKit's own.
        Strings(json, "ignore", graph.Linears.Where(l => l.Width == CodeWidth.Int16).Select(l => l.Name));
        json.WriteEndObject();
    }

    private static void WriteGroup(Utf8JsonWriter json, string name, string[] targets, bool withActivations)
    {
        json.WriteStartObject(name);
        Strings(json, "targets", targets);
        WriteScheme(json, "weights", "channel");
        if (withActivations) WriteScheme(json, "input_activations", "tensor");
        else json.WriteNull("input_activations");
        json.WriteNull("output_activations");
        json.WriteEndObject();
    }

    private static void WriteScheme(Utf8JsonWriter json, string name, string strategy)
    {
        json.WriteStartObject(name);
        json.WriteNumber("num_bits", 8);
        json.WriteString("type", "int");
        json.WriteBoolean("symmetric", true);
        json.WriteString("strategy", strategy);
        json.WriteBoolean("dynamic", false);
        json.WriteEndObject();
    }

    private static void Strings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }
}

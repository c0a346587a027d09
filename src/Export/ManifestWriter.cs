using System.Text.Encodings.Web;
using System.Text.Json;
using QatKit.Core.Artifact;
using QatKit.Core.Graph;

namespace QatKit.Export;

/// <summary>Writes <c>qatkit.json</c>.</summary>
internal static class ManifestWriter
{
    /// <summary>Indented, the same bytes on every system, with text as it is rather than escaped.</summary>
    public static JsonWriterOptions Options { get; } =
        new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(Stream stream, ArtifactManifest manifest)
    {
        using var json = new Utf8JsonWriter(stream, Options);
        json.WriteStartObject();
        json.WriteNumber("formatVersion", manifest.FormatVersion);
        json.WriteNumber("numericsVersion", manifest.NumericsVersion);
        json.WriteString("producer", manifest.Producer);
        WriteDetails(json, manifest.Details);
        json.WriteStartObject("embeddings");
        foreach (var (name, storage) in manifest.Embeddings) json.WriteString(name, storage == EmbeddingStorage.Int8 ? "int8" : "float32");
        json.WriteEndObject();
        json.WriteStartObject("layers");
        foreach (var (name, layer) in manifest.Layers)
        {
            json.WriteStartObject(name);
            json.WriteString("width", layer.Width == CodeWidth.Int8 ? "int8" : "int16");
            if (layer.Sparsity is not null) json.WriteString("sparsity", layer.Sparsity);
            if (layer.MaskSha256 is not null) json.WriteString("maskSha256", layer.MaskSha256);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteStartObject("layerNormExponents");
        foreach (var (name, exponent) in manifest.LayerNormExponents) json.WriteNumber(name, exponent);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteDetails(Utf8JsonWriter json, ArtifactDetails details)
    {
        json.WriteStartObject("details");
        json.WriteStartArray("labels");
        foreach (var label in details.Labels) json.WriteStringValue(label);
        json.WriteEndArray();
        json.WriteNumber("maxSequenceLength", details.MaxSequenceLength);
        json.WriteBoolean("lowerCase", details.LowerCase);
        json.WriteStartObject("provenance");
        foreach (var (name, value) in details.Provenance) json.WriteString(name, value);
        json.WriteEndObject();
        json.WriteStartObject("evaluation");
        foreach (var (name, value) in details.Evaluation) json.WriteNumber(name, value);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}

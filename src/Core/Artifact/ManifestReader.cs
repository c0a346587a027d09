using System.Text.Json;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.Core.Artifact;

/// <summary>Reads <c>qatkit.json</c>.</summary>
internal static class ManifestReader
{
    /// <exception cref="QatKitException">QK4013 not such a JSON file, every problem; QK4014 version not known.</exception>
    public static ArtifactManifest Parse(string path, ReadOnlyMemory<byte> json) => JsonFile.Read(path, json, root =>
    {
        // Before anything else: a newer version may have members that this one does not know.
        CheckVersion(path, root, "formatVersion", "format", ArtifactFiles.FormatVersion);
        CheckVersion(path, root, "numericsVersion", "numerics", NumericsContract.Version);
        var problems = new DiagnosticBag();
        var reader = new JsonObjectReader(root, "", path, problems);
        var manifest = new ArtifactManifest
        {
            FormatVersion = reader.Integer("formatVersion"),
            NumericsVersion = reader.Integer("numericsVersion"),
            Producer = reader.Text("producer"),
            Details = Details(reader.Object("details")),
            Embeddings = Map(reader.Object("embeddings"), (o, name) => o.Word(name, "float32", "int8") == "int8" ? EmbeddingStorage.Int8 : EmbeddingStorage.Float32),
            Layers = Map(reader.Object("layers"), (o, name) => Placement(o.Object(name))),
            LayerNormExponents = Map(reader.Object("layerNormExponents"), (o, name) => o.Integer(name)),
        };
        reader.End();
        problems.ThrowIfAny();
        return manifest;
    });

    private static void CheckVersion(string path, JsonElement root, string member, string what, int known)
    {
        if (!root.TryGetProperty(member, out var element) || element.ValueKind != JsonValueKind.Number || !element.TryGetInt32(out var version))
            throw new QatKitException("QK4013", path, $"'{member}' is not an integer. The file is not QatKit's, or it is damaged: export the model again.");
        if (version > known)
            throw new QatKitException("QK4014", path, $"the artifact has {what} version {version}, this program knows up to {known}. Update QatKit, or export the model again with this version.");
        if (version < known)
            throw new QatKitException("QK4014", path, $"the artifact has {what} version {version}, this program knows only {known}. Export the model again with this version.");
    }

    private static ArtifactDetails Details(JsonObjectReader reader)
    {
        var details = new ArtifactDetails
        {
            Labels = reader.Texts("labels"),
            MaxSequenceLength = reader.Integer("maxSequenceLength"),
            LowerCase = reader.Boolean("lowerCase"),
            Provenance = Map(reader.Object("provenance"), (o, name) => o.Text(name)),
            Evaluation = Map(reader.Object("evaluation"), (o, name) => o.Number(name)),
        };
        reader.End();
        return details;
    }

    private static LayerPlacement Placement(JsonObjectReader reader)
    {
        var placement = new LayerPlacement(
            reader.Word("width", "int8", "int16") == "int8" ? CodeWidth.Int8 : CodeWidth.Int16,
            reader.OptionalText("sparsity"),
            reader.OptionalText("maskSha256"));
        reader.End();
        return placement;
    }

    private static Dictionary<string, T> Map<T>(JsonObjectReader reader, Func<JsonObjectReader, string, T> read)
    {
        var map = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach (var name in reader.Names) map.Add(name, read(reader, name));
        return map;
    }
}

using System.Text.Json;
using QatKit.Core.Diagnostics;
using QatKit.Core.Numerics;

namespace QatKit.Core.Artifact;

/// <summary>The content of <c>qatkit.json</c>.</summary>
public sealed record ArtifactManifest
{
    /// <summary>Version of the folder's format, <see cref="ArtifactFiles.FormatVersion"/>.</summary>
    public required int FormatVersion { get; init; }

    /// <summary>Version of the arithmetic, <see cref="NumericsContract.Version"/>.</summary>
    public required int NumericsVersion { get; init; }

    /// <summary>Name and version of the program that wrote the artifact.</summary>
    public required string Producer { get; init; }

    /// <summary>Labels, limits, provenance and evaluation.</summary>
    public required ArtifactDetails Details { get; init; }

    /// <summary>How each embedding table is stored, by module path.</summary>
    public required IReadOnlyDictionary<string, EmbeddingStorage> Embeddings { get; init; }

    /// <summary>How each linear layer is stored, by module path.</summary>
    public required IReadOnlyDictionary<string, LayerPlacement> Layers { get; init; }

    /// <summary>Exponent k of each LayerNorm's grid, by module path.</summary>
    public required IReadOnlyDictionary<string, int> LayerNormExponents { get; init; }

    /// <summary>The manifest as indented JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ManifestJson.Default.ArtifactManifest);

    /// <summary>Reads a manifest strictly: unknown, duplicate and missing members are refused.</summary>
    /// <param name="path">File name for messages.</param>
    /// <param name="json">Content.</param>
    /// <exception cref="QatKitException">QK4013 not such a JSON file, QK4014 version not known.</exception>
    public static ArtifactManifest Parse(string path, ReadOnlyMemory<byte> json)
    {
        // Before anything else: a newer version may have members that this one does not know.
        JsonFile.Read(path, json, root =>
        {
            CheckVersion(path, root, "formatVersion", "format", ArtifactFiles.FormatVersion);
            CheckVersion(path, root, "numericsVersion", "numerics", NumericsContract.Version);
            return true;
        });
        return JsonFile.Guard(path, () => JsonSerializer.Deserialize(json.Span, ManifestJson.Default.ArtifactManifest))
            ?? throw new QatKitException("QK4013", path, "the file holds no JSON object.");
    }

    private static void CheckVersion(string path, JsonElement root, string member, string what, int known)
    {
        if (!root.TryGetProperty(member, out var element) || element.ValueKind != JsonValueKind.Number || !element.TryGetInt32(out var version))
            throw new QatKitException("QK4013", path, $"'{member}' is not an integer. The file is not QatKit's, or it is damaged: export the model again.");
        if (version > known)
            throw new QatKitException("QK4014", path, $"the artifact has {what} version {version}, this program knows up to {known}. Update QatKit, or export the model again with this version.");
        if (version < known)
            throw new QatKitException("QK4014", path, $"the artifact has {what} version {version}, this program knows only {known}. Export the model again with this version.");
    }
}

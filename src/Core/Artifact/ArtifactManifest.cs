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
}

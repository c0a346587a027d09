using QatKit.Core.Graph;

namespace QatKit.Core.Artifact;

/// <summary>A model folder that was read and checked. Only <see cref="ArtifactReader"/> makes one, so whoever has one need not check again.</summary>
public sealed class ModelArtifact
{
    internal ModelArtifact(ArtifactHeader header, QuantizedGraph graph)
    {
        Header = header;
        Graph = graph;
    }

    /// <summary>What the folder says about the model.</summary>
    public ArtifactHeader Header { get; }

    /// <summary>The model; obeys the numerics contract.</summary>
    public QuantizedGraph Graph { get; }

    /// <inheritdoc cref="ArtifactHeader.Directory"/>
    public string Directory => Header.Directory;

    /// <inheritdoc cref="ArtifactHeader.Manifest"/>
    public ArtifactManifest Manifest => Header.Manifest;

    /// <inheritdoc cref="ArtifactHeader.VocabularyPath"/>
    public string? VocabularyPath => Header.VocabularyPath;

    /// <summary>The same model after its folder was moved.</summary>
    /// <param name="directory">The folder's new place.</param>
    public ModelArtifact MovedTo(string directory) =>
        new(new ArtifactHeader(directory, Manifest, VocabularyPath is null ? null : Path.Combine(directory, Path.GetFileName(VocabularyPath))), Graph);
}

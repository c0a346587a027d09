using QatKit.Core.Graph;

namespace QatKit.Core.Artifact;

/// <summary>A model folder that was read and checked. Only <see cref="ArtifactReader"/> makes one, so whoever has one need not check again.</summary>
public sealed class ModelArtifact
{
    internal ModelArtifact(string directory, QuantizedGraph graph, ArtifactManifest manifest, string? vocabularyPath)
    {
        Directory = directory;
        Graph = graph;
        Manifest = manifest;
        VocabularyPath = vocabularyPath;
    }

    /// <summary>The folder.</summary>
    public string Directory { get; }

    /// <summary>The model; obeys the numerics contract.</summary>
    public QuantizedGraph Graph { get; }

    /// <summary>Labels, provenance and the like.</summary>
    public ArtifactManifest Manifest { get; }

    /// <summary>The vocabulary file, or null when the artifact has none.</summary>
    public string? VocabularyPath { get; }

    /// <summary>The same model after its folder was moved.</summary>
    /// <param name="directory">The folder's new place.</param>
    public ModelArtifact MovedTo(string directory) =>
        new(directory, Graph, Manifest, VocabularyPath is null ? null : Path.Combine(directory, Path.GetFileName(VocabularyPath)));
}

namespace QatKit.Core.Artifact;

/// <summary>What a model folder says about its model: everything but the tensors. Read and checked by <see cref="ArtifactReader.ReadHeader"/>.</summary>
public sealed class ArtifactHeader
{
    internal ArtifactHeader(string directory, ArtifactManifest manifest, string? vocabularyPath)
    {
        Directory = directory;
        Manifest = manifest;
        VocabularyPath = vocabularyPath;
    }

    /// <summary>The folder.</summary>
    public string Directory { get; }

    /// <summary>Labels, limits, provenance and the like.</summary>
    public ArtifactManifest Manifest { get; }

    /// <summary>The vocabulary file, or null when the artifact has none.</summary>
    public string? VocabularyPath { get; }
}

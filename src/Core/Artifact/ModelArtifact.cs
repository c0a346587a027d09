using QatKit.Core.Graph;

namespace QatKit.Core.Artifact;

/// <summary>A model folder that was read and checked.</summary>
/// <param name="Directory">The folder.</param>
/// <param name="Graph">The model; obeys the numerics contract.</param>
/// <param name="Manifest">Labels, provenance and the like.</param>
/// <param name="VocabularyPath">The vocabulary file, or null when the artifact has none.</param>
public sealed record ModelArtifact(string Directory, QuantizedGraph Graph, ArtifactManifest Manifest, string? VocabularyPath);

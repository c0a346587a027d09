namespace QatKit.Core.Artifact;

/// <summary>A model folder of which everything was read and checked but the values of the tensors.</summary>
/// <param name="Manifest">Labels, placement and the like.</param>
/// <param name="VocabularyPath">The vocabulary file, or null when the artifact has none.</param>
/// <param name="Reader">Reads those.</param>
internal sealed record OpenArtifact(ArtifactManifest Manifest, string? VocabularyPath, GraphReader Reader);

namespace QatKit.Core.Artifact;

/// <summary>A model folder of which everything was read and checked but the values of the tensors.</summary>
/// <param name="Header">Labels, placement and the like.</param>
/// <param name="Reader">Reads those.</param>
internal sealed record OpenArtifact(ArtifactHeader Header, GraphReader Reader);

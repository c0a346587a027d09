using QatKit.Core.Artifact;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;

namespace QatKit.Cli.Models;

/// <summary>An artifact ready to answer.</summary>
internal sealed class LoadedModel : IDisposable
{
    private LoadedModel(ModelArtifact artifact, InferenceSession session)
    {
        Artifact = artifact;
        Session = session;
    }

    public ModelArtifact Artifact { get; }

    public InferenceSession Session { get; }

    public static LoadedModel Load(string folder, EngineBackend backend = EngineBackend.Cpu)
    {
        var artifact = ArtifactReader.Read(folder);
        return new LoadedModel(artifact, InferenceSession.Create(artifact, new SessionOptions { Backend = backend }));
    }

    /// <summary>Answers for a batch, one per sequence.</summary>
    public IReadOnlyList<Prediction> Predict(TokenBatch batch)
    {
        var logits = Session.Run(batch);
        return [.. logits.Chunk(Artifact.Graph.Architecture.Classes).Select(row => Prediction.FromLogits(row, Artifact.Manifest.Details.Labels))];
    }

    public void Dispose() => Session.Dispose();
}

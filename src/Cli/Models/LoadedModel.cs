using QatKit.Core.Artifact;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;

namespace QatKit.Cli.Models;

/// <summary>An artifact ready to answer.</summary>
internal sealed class LoadedModel : IDisposable
{
    private LoadedModel(ArtifactHeader header, InferenceSession session)
    {
        Header = header;
        Session = session;
    }

    public ArtifactHeader Header { get; }

    public InferenceSession Session { get; }

    public static LoadedModel Load(string folder, EngineBackend backend = EngineBackend.Cpu) =>
        new(ArtifactReader.ReadHeader(folder), InferenceSession.Load(folder, new SessionOptions { Backend = backend }));

    /// <summary>Answers for a batch, one per sequence.</summary>
    public IReadOnlyList<Prediction> Predict(TokenBatch batch)
    {
        var logits = Session.Run(batch);
        return [.. logits.Chunk(Session.Architecture.Classes).Select(row => Prediction.FromLogits(row, Header.Manifest.Details.Labels))];
    }

    public void Dispose() => Session.Dispose();
}

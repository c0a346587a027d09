using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;
using QatKit.Training.Text;

namespace QatKit.Cli.Models;

/// <summary>An artifact ready to answer: session and tokenizer.</summary>
internal sealed class LoadedModel : IDisposable
{
    private LoadedModel(ModelArtifact artifact, InferenceSession session)
    {
        Artifact = artifact;
        Session = session;
    }

    public ModelArtifact Artifact { get; }

    public InferenceSession Session { get; }

    public static LoadedModel Load(string folder)
    {
        var artifact = ArtifactReader.Read(folder);
        return new LoadedModel(artifact, InferenceSession.Create(artifact.Graph));
    }

    /// <summary>The model's own tokenizer.</summary>
    /// <exception cref="QatKitException">QK5103: the artifact has no vocabulary.</exception>
    public static BertTextEncoder Encoder(ModelArtifact artifact)
    {
        var path = artifact.VocabularyPath
            ?? throw new QatKitException("QK5103", artifact.Directory, "the artifact has no vocabulary, so it cannot read text. Export it with one, or pass --tokens.");
        var details = artifact.Manifest.Details;
        return new BertTextEncoder(Vocabulary.Load(path), details.LowerCase, details.MaxSequenceLength);
    }

    /// <summary>Answers for a batch, one per sequence.</summary>
    public IReadOnlyList<Prediction> Predict(TokenBatch batch)
    {
        var logits = Session.Run(batch);
        return [.. logits.Chunk(Artifact.Graph.Architecture.Classes).Select(row => Prediction.FromLogits(row, Artifact.Manifest.Details.Labels))];
    }

    public void Dispose() => Session.Dispose();
}

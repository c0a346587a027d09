using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;

namespace QatKit.Text;

/// <summary>The tokenizer of an exported model.</summary>
public static class ArtifactEncoder
{
    /// <summary>Builds the tokenizer from the artifact's vocabulary, casing and length limit.</summary>
    /// <param name="artifact">What the folder says (<see cref="ArtifactReader.ReadHeader"/>); the weights are not needed.</param>
    /// <exception cref="QatKitException">QK5103: the artifact has no vocabulary.</exception>
    public static BertTextEncoder Create(ArtifactHeader artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        var path = artifact.VocabularyPath
            ?? throw new QatKitException("QK5103", artifact.Directory, "the artifact has no vocabulary, so it cannot read text. Export it with one, or pass token ids.");
        var details = artifact.Manifest.Details;
        return new BertTextEncoder(Vocabulary.Load(path), details.LowerCase, details.MaxSequenceLength);
    }
}

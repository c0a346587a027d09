namespace QatKit.Core.Artifact;

/// <summary>The files of an artifact folder (docs/artifact-format.md).</summary>
public static class ArtifactFiles
{
    /// <summary>Version of the folder's format. A newer one is refused.</summary>
    public const int FormatVersion = 1;

    /// <summary>Hugging Face configuration with a compressed-tensors section.</summary>
    public const string Config = "config.json";

    /// <summary>Every tensor.</summary>
    public const string Tensors = "model.safetensors";

    /// <summary>WordPiece vocabulary; absent when the model was exported without one.</summary>
    public const string Vocabulary = "vocab.txt";

    /// <summary>What only QatKit needs: <see cref="ArtifactManifest"/>.</summary>
    public const string Manifest = "qatkit.json";

    /// <summary>SHA-256 of every other file, as <c>sha256sum -c</c> reads it.</summary>
    public const string Checksums = "SHA256SUMS";

    /// <summary>The names of all of them.</summary>
    public static IReadOnlyList<string> Names { get; } = [Config, Tensors, Vocabulary, Manifest, Checksums];
}

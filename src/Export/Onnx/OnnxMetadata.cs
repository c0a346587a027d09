using QatKit.Export.Onnx.Schema;

namespace QatKit.Export.Onnx;

/// <summary>What an exported file says about itself in its metadata.</summary>
internal static class OnnxMetadata
{
    /// <summary>Form of the weights: int8 or float32.</summary>
    public const string Form = "qatkit.form";

    /// <summary>SHA-256 of the artifact's SHA256SUMS, which names the sums of all its files.</summary>
    public const string ArtifactSha256 = "qatkit.artifact_sha256";

    /// <summary>Longest sequence, in tokens, that the model was trained for.</summary>
    public const string MaxSequenceLength = "qatkit.max_sequence_length";

    private const string Sparse24Key = "qatkit.sparse_2_4";

    /// <summary>States which weights are 2:4 sparse.</summary>
    public static void SetSparse24(OnnxGraphBuilder graph, IEnumerable<string> tensors) => graph.Metadata(Sparse24Key, string.Join('\n', tensors));

    /// <summary>Names of the weights that are 2:4 sparse.</summary>
    public static string[] Sparse24(ModelProto model) =>
        model.MetadataProps.FirstOrDefault(p => p.Key == Sparse24Key)?.Value.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [];
}

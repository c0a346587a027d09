using QatKit.Core.Graph;

namespace QatKit.Core.Artifact;

/// <summary>How one linear layer is stored.</summary>
/// <param name="Width">Width of its codes.</param>
/// <param name="Sparsity">Pattern of its mask, <c>2:4</c>; null when dense.</param>
/// <param name="MaskSha256">SHA-256 of its mask's bits, lower-case hexadecimal; null when dense.</param>
public sealed record LayerPlacement(CodeWidth Width, string? Sparsity, string? MaskSha256);

/// <summary>How an embedding table is stored.</summary>
public enum EmbeddingStorage
{
    /// <summary>float32 values.</summary>
    Float32,

    /// <summary>int8 codes with one scale per row.</summary>
    Int8,
}

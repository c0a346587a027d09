using System.Text.Json.Serialization;
using QatKit.Core.Graph;

namespace QatKit.Core.Artifact;

/// <summary>How one linear layer is stored.</summary>
/// <param name="Width">Width of its codes.</param>
/// <param name="Sparsity">Pattern of its mask, <c>2:4</c>; null when dense.</param>
/// <param name="MaskSha256">SHA-256 of its mask's bits, lower-case hexadecimal; null when dense.</param>
public sealed record LayerPlacement(
    [property: JsonConverter(typeof(CamelCaseEnum<CodeWidth>))] CodeWidth Width,
    string? Sparsity = null,
    string? MaskSha256 = null);

/// <summary>How an embedding table is stored.</summary>
public enum EmbeddingStorage
{
    /// <summary>float32 values.</summary>
    Float32,

    /// <summary>int8 codes with one scale per row.</summary>
    Int8,
}

/// <summary>Enums as camel-case words, never as numbers.</summary>
internal sealed class CamelCaseEnum<T>() : JsonStringEnumConverter<T>(System.Text.Json.JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;

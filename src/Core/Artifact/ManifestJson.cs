using System.Text.Json;
using System.Text.Json.Serialization;

namespace QatKit.Core.Artifact;

/// <summary>Generated, strict JSON code of <see cref="ArtifactManifest"/>.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(CamelCaseEnum<EmbeddingStorage>)],
    WriteIndented = true,
    NewLine = "\n")]
[JsonSerializable(typeof(ArtifactManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext;

namespace QatKit.Core.Artifact;

/// <summary>What a model's user needs to know beside its graph.</summary>
public sealed record ArtifactDetails
{
    /// <summary>Name of each class, by id; one name for a regression.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Longest sequence, in tokens, that the model was trained for; at most the model's positions.</summary>
    public required int MaxSequenceLength { get; init; }

    /// <summary>True when text is lower-cased before it is split into word pieces.</summary>
    public required bool LowerCase { get; init; }

    /// <summary>Where the model comes from: recipe text and hash, seed, git commit, versions, instruction tier, data hash.</summary>
    public IReadOnlyDictionary<string, string> Provenance { get; init; } = new Dictionary<string, string>();

    /// <summary>Metrics by name, for example <c>dev.accuracy</c> and <c>dev.flips</c>; finite numbers.</summary>
    public IReadOnlyDictionary<string, double> Evaluation { get; init; } = new Dictionary<string, double>();
}

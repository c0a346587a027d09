using System.ComponentModel.DataAnnotations;

namespace QatKit.Training.Recipes;

/// <summary>The model to start from: a folder with a checkpoint, or sizes for one that is trained from scratch.</summary>
public sealed record ModelSection
{
    /// <summary>Folder with config.json, model.safetensors and vocab.txt in Hugging Face form. Excludes <c>architecture</c>.</summary>
    public string? Path { get; init; }

    /// <summary>Sizes of a model trained from scratch. Excludes <c>path</c>.</summary>
    public ArchitectureSection? Architecture { get; init; }

    /// <summary>A vocab.txt or <c>builtin:reviews</c>. With <c>path</c> the default is the vocab.txt in that folder.</summary>
    public string? Vocabulary { get; init; }

    /// <summary>Lower-case texts first, as uncased models expect.</summary>
    public bool LowerCase { get; init; } = true;

    /// <summary>Dropout of hidden states and attention while training; without it the checkpoint's, or 0.1 from scratch.</summary>
    [Range(0, 0.9)]
    public double? Dropout { get; init; }
}

/// <summary>Sizes of a BERT encoder.</summary>
public sealed record ArchitectureSection
{
    /// <summary>Encoder layers.</summary>
    [Range(1, 48)]
    public required int Layers { get; init; }

    /// <summary>Hidden size, a multiple of <c>heads</c>.</summary>
    [Range(8, 2048)]
    public required int Hidden { get; init; }

    /// <summary>Attention heads.</summary>
    [Range(1, 128)]
    public required int Heads { get; init; }

    /// <summary>Size of the feed-forward layer.</summary>
    [Range(8, 8192)]
    public required int Intermediate { get; init; }

    /// <summary>Longest sequence in tokens.</summary>
    [Range(8, 8192)]
    public int MaxPositions { get; init; } = 128;
}

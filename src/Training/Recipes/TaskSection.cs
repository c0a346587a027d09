using System.ComponentModel.DataAnnotations;
using QatKit.Training.Data;
using QatKit.Training.Metrics;

namespace QatKit.Training.Recipes;

/// <summary>The task and its data: a built-in set, or files of a known format.</summary>
public sealed record TaskSection
{
    /// <summary>classification or regression; the metric must fit.</summary>
    public TaskType Type { get; init; } = TaskType.Classification;

    /// <summary><c>builtin:reviews</c>, a generated set that needs no files. Excludes <c>format</c>, <c>train</c> and <c>dev</c>.</summary>
    public string? Data { get; init; }

    /// <summary>Format of the files. The GLUE formats (sst2 to mnli) bring their columns and labels with them.</summary>
    public DataFormat? Format { get; init; }

    /// <summary>Training file.</summary>
    public string? Train { get; init; }

    /// <summary>Evaluation file, with labels.</summary>
    public string? Dev { get; init; }

    /// <summary>Columns of csv, tsv and jsonl files.</summary>
    public ColumnsSection? Columns { get; init; }

    /// <summary>Class names in the order of their indices, for csv, tsv and jsonl files.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Longest sequence in tokens, special tokens included; longer texts are cut.</summary>
    [Range(8, 8192)]
    public int MaxLength { get; init; } = 128;

    /// <summary>What chooses the best epoch and what verification compares.</summary>
    public Metric Metric { get; init; } = Metric.Accuracy;

    /// <summary>Use only the first N training examples, for a quick try.</summary>
    [Range(1, int.MaxValue)]
    public int? TrainLimit { get; init; }

    /// <summary>Use only the first N evaluation examples, for a quick try.</summary>
    [Range(1, int.MaxValue)]
    public int? DevLimit { get; init; }
}

/// <summary>What is predicted.</summary>
public enum TaskType
{
    /// <summary>One of several classes.</summary>
    Classification,

    /// <summary>A number.</summary>
    Regression,
}

/// <summary>Column names (csv, tsv) or keys (jsonl).</summary>
public sealed record ColumnsSection
{
    /// <summary>The text, or the first of a pair.</summary>
    public string Text { get; init; } = "text";

    /// <summary>The second text; without it the task has single texts.</summary>
    public string? Pair { get; init; }

    /// <summary>The label.</summary>
    public string Label { get; init; } = "label";
}

using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Training.Data;
using QatKit.Training.Data.Reviews;
using QatKit.Training.Metrics;
using QatKit.Training.Recipes;
using QatKit.Text;

namespace QatKit.Training.Verification;

/// <summary>Labelled examples as the engine reads them.</summary>
/// <param name="Source">File or built-in set.</param>
/// <param name="Sha256">SHA-256 of the content.</param>
/// <param name="Sequences">Every example as a batch of one.</param>
/// <param name="Labels">Class indices of the model, or target values; null when a row has none.</param>
/// <param name="Metric">The usual metric of the task.</param>
/// <param name="ClassesNote">One line about the classes, where the model does not name them; null otherwise.</param>
public sealed record VerificationData(
    string Source, string Sha256, IReadOnlyList<TokenBatch> Sequences, IReadOnlyList<float>? Labels, Metric Metric, string? ClassesNote)
{
    /// <summary>Examples without a label; with any of them there are no <see cref="Labels"/>.</summary>
    public int Unlabelled { get; init; }

    /// <summary>Reads a file, or <c>builtin:reviews</c>, with a model's own tokenizer. Classes are matched by name.</summary>
    /// <param name="source">The file.</param>
    /// <param name="format">Its format; when omitted, the extension and the header tell.</param>
    /// <param name="artifact">The model.</param>
    /// <param name="limit">Use only the first so many examples.</param>
    /// <param name="columns">Columns of csv, tsv and jsonl files; <c>text</c> and <c>label</c> when omitted.</param>
    /// <exception cref="QatKitException">QK1123: the data is of another task than the model; QK5103: the artifact has no vocabulary; QK5104: the
    /// format is not clear; and those of <see cref="DatasetLoader"/>.</exception>
    public static VerificationData Load(string source, DataFormat? format, ModelArtifact artifact, int? limit = null, ColumnsSection? columns = null)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        var encoder = ArtifactEncoder.Create(artifact.Header);
        var (dataset, classes) = Read(source, format, artifact, columns ?? new ColumnsSection());
        var encoded = EncodedDataset.Create(dataset, encoder);
        var count = Math.Min(encoded.Count, limit ?? int.MaxValue);
        var unlabelled = dataset.Examples.Take(count).Count(e => e.Label is null);
        return new VerificationData(
            source, dataset.Sha256,
            [.. Enumerable.Range(0, count).Select(i => encoded.Batch([i]))],
            unlabelled == 0 ? [.. encoded.Labels.Take(count).Select(classes.ToModel)] : null,
            dataset.Labels.Count == 0 ? Metric.Pearson : Metric.Accuracy,
            classes.Note)
        { Unlabelled = unlabelled };
    }

    // The classes are compared before a file of another task is read: its rows would be called bad ones.
    private static (TextDataset Data, DataClasses Classes) Read(string source, DataFormat? format, ModelArtifact artifact, ColumnsSection columns)
    {
        if (source == BuiltinReviews.Name)
        {
            var reviews = BuiltinReviews.Create().Dev;
            return (reviews, DataClasses.Match(source, reviews.Labels, artifact));
        }

        var layout = Layout(source, format, columns, artifact);
        var classes = DataClasses.Match(source, layout.Labels, artifact);
        return (DatasetLoader.Load(source, layout, requireLabels: false), classes);
    }

    private static DataLayout Layout(string path, DataFormat? format, ColumnsSection columns, ModelArtifact artifact)
    {
        var chosen = format ?? DetectFormat(path, columns.Text);
        return DataLayout.ForGlue(chosen) ?? new DataLayout(chosen, columns.Text, columns.Pair, columns.Label, DataClasses.OfModel(artifact));
    }

    private static DataFormat DetectFormat(string path, string text)
    {
        var header = File.Exists(path) ? File.ReadLines(path).FirstOrDefault("") : "";
        return (Path.GetExtension(path).ToLowerInvariant(), header) switch
        {
            (".jsonl", _) => DataFormat.Jsonl,
            (".csv", _) => DataFormat.Csv,
            (".tsv", "sentence\tlabel") => DataFormat.Sst2,
            (".tsv", var h) when h.Contains("#1 String", StringComparison.Ordinal) => DataFormat.Mrpc,
            (".tsv", "index\tsentence1\tsentence2\tlabel") => DataFormat.Rte,
            (".tsv", "index\tquestion\tsentence\tlabel") => DataFormat.Qnli,
            (".tsv", var h) when h.Contains("gold_label", StringComparison.Ordinal) => DataFormat.Mnli,
            (".tsv", var h) when h.EndsWith("score", StringComparison.Ordinal) => DataFormat.Stsb,
            (".tsv", var h) when h.Split('\t').Contains(text) => DataFormat.Tsv,
            _ => throw new QatKitException("QK5104", path, $"the format of this file is not clear. Pass --format with one of {string.Join(", ", Enum.GetNames<DataFormat>()).ToLowerInvariant()}."),
        };
    }
}

using System.Security.Cryptography;
using QatKit.Core.Diagnostics;

namespace QatKit.Training.Data;

/// <summary>Reads one split of a data set from a file.</summary>
public static class DatasetLoader
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="layout">Its shape.</param>
    /// <param name="requireLabels">Refuse rows without a label (training and evaluation need them).</param>
    /// <exception cref="QatKitException">QK1101 the file is missing, QK1102 a column is missing, QK1103 bad rows (the first
    /// 20 and a count), QK1104 the file has no rows, or no labels where they are required.</exception>
    public static TextDataset Load(string path, DataLayout layout, bool requireLabels = true)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(layout);
        if (!File.Exists(path))
            throw new QatKitException("QK1101", path, "the data file does not exist. Correct the path in the recipe, or put the file there.");
        var examples = layout.Format == DataFormat.Jsonl ? JsonLinesReader.Read(path, layout) : DelimitedReader.Read(path, layout);
        if (examples.Count == 0)
            throw new QatKitException("QK1104", path, "the file has no rows. Pass a file with at least one example.");
        var unlabelled = examples.Count(e => e.Label is null);
        if (requireLabels && unlabelled > 0)
            throw new QatKitException("QK1104", path, $"{unlabelled} of {examples.Count} rows have no label (column '{layout.Label}'). Use a split with labels here.");
        using var stream = File.OpenRead(path);
        return new TextDataset(path, examples, layout.Labels, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }
}

using System.Text;

namespace QatKit.Quantization.Placement;

/// <summary>A plan resolved against a model: every linear layer and its width, in running order.</summary>
/// <param name="Layers">One row per linear layer.</param>
/// <param name="Int8Embeddings">Embedding tables as int8 codes with a scale per row.</param>
public sealed record PlacementTable(IReadOnlyList<LayerPlacement> Layers, bool Int8Embeddings)
{
    /// <summary>The row of a layer.</summary>
    public LayerPlacement Of(string layer) => Layers.First(l => l.Layer == layer);

    /// <summary>The table as plain text, one line per layer under a header.</summary>
    public string ToTable()
    {
        string[] header = ["layer", "width", "weights", "input calibrator", "sparsity"];
        var rows = Layers.Select(l => new[] { l.Layer, l.Width.ToString().ToLowerInvariant(), l.Weights, l.InputCalibrator.Name, l.Sparsity })
            .Prepend(header).ToList();
        var widths = Enumerable.Range(0, header.Length).Select(c => rows.Max(r => r[c].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
            text.Append(string.Join("  ", row.Select((cell, c) => cell.PadRight(widths[c]))).TrimEnd()).Append('\n');
        text.Append("embeddings: ").Append(Int8Embeddings ? "int8, a scale per row" : "float32").Append('\n');
        return text.ToString();
    }

    /// <inheritdoc cref="ToTable"/>
    public override string ToString() => ToTable();
}

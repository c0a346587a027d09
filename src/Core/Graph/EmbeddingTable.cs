namespace QatKit.Core.Graph;

/// <summary>An embedding table, in float32 or as int8 codes with one scale per row.</summary>
/// <remarks>Exactly one of <see cref="Values"/> and (<see cref="Codes"/>, <see cref="RowScale"/>) is set.</remarks>
public sealed class EmbeddingTable
{
    /// <summary>Module path, for example <c>bert.embeddings.word_embeddings</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Rows.</summary>
    public required int Rows { get; init; }

    /// <summary>Columns H.</summary>
    public required int Columns { get; init; }

    /// <summary>Float values, row-major [rows, H].</summary>
    public float[]? Values { get; init; }

    /// <summary>int8 codes, row-major [rows, H].</summary>
    public sbyte[]? Codes { get; init; }

    /// <summary>Scale of each row of <see cref="Codes"/>, [rows].</summary>
    public float[]? RowScale { get; init; }

    /// <summary>Element (row, column) in float32: the value, or <c>(float)code · scale[row]</c>.</summary>
    public float At(int row, int column)
    {
        var i = (long)row * Columns + column;
        return Values is not null ? Values[i] : Codes![i] * RowScale![row];
    }
}

namespace QatKit.InferenceEngine.Cpu;

/// <summary>A part of a linear layer: rows × blocks of 16 columns.</summary>
internal readonly record struct WorkRange(int RowBegin, int RowEnd, int BlockBegin, int BlockEnd)
{
    /// <summary>The worker's last piece was of the same rows of the same input, and its scratch still holds them packed.</summary>
    public bool RowsPacked { get; init; }

    /// <summary>What the worker will multiply afterwards, in all likelihood.</summary>
    public NextWeights Next { get; init; }

    /// <summary>Codes that the worker will write at these rows and columns, now or later: their cache lines, which others have read, are claimed meanwhile.</summary>
    public Codes? Claims { get; init; }

    /// <summary>The columns, of a layer that has <paramref name="columns"/> of them.</summary>
    public (int Begin, int End) Columns(int columns) =>
        (BlockBegin * PackedLinear.BlockColumns, Math.Min(BlockEnd * PackedLinear.BlockColumns, columns));

    /// <summary>Part <paramref name="part"/> of <paramref name="count"/> items split as evenly as possible.</summary>
    public static (int Begin, int End) Part(int count, int part, int parts) =>
        ((int)((long)count * part / parts), (int)((long)count * (part + 1) / parts));
}

/// <summary>Weights that can be fetched meanwhile.</summary>
/// <param name="Layer">Of which layer; null: none.</param>
/// <param name="Block">From which block on.</param>
internal readonly record struct NextWeights(PackedLinear? Layer, int Block);

/// <summary>Which rows a worker's scratch holds packed.</summary>
/// <param name="Input">Where their codes are.</param>
/// <param name="Layout">Of the weights for which they are packed.</param>
/// <param name="RowBegin">The first of them.</param>
internal readonly record struct PackedRows(nint Input, WeightLayout Layout, int RowBegin);

namespace QatKit.InferenceEngine.Cpu;

/// <summary>The part of a linear layer that one worker computes: rows × blocks of 16 columns.</summary>
internal readonly record struct WorkRange(int RowBegin, int RowEnd, int BlockBegin, int BlockEnd)
{
    public bool IsEmpty => RowBegin >= RowEnd || BlockBegin >= BlockEnd;

    /// <summary>Splits N first, so that every weight is read by one worker; rows only when there are fewer blocks than workers.</summary>
    public static WorkRange For(int rows, int blocks, int worker, int workers)
    {
        var columnParts = Math.Min(blocks, workers);
        var rowParts = Math.Min(rows, workers / columnParts);
        if (worker >= columnParts * rowParts) return default;
        var (blockBegin, blockEnd) = Part(blocks, worker % columnParts, columnParts);
        var (rowBegin, rowEnd) = Part(rows, worker / columnParts, rowParts);
        return new WorkRange(rowBegin, rowEnd, blockBegin, blockEnd);
    }

    /// <summary>Part <paramref name="part"/> of <paramref name="count"/> items split as evenly as possible.</summary>
    public static (int Begin, int End) Part(int count, int part, int parts) =>
        ((int)((long)count * part / parts), (int)((long)count * (part + 1) / parts));
}

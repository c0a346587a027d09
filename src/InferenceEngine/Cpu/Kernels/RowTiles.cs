namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Rows split into tiles as evenly as possible, so that none has a single row beside others that are full.</summary>
/// <param name="Count">Tiles.</param>
/// <param name="Rows">Rows of each.</param>
/// <param name="Longer">So many, the first ones, have a row more.</param>
internal readonly record struct RowTiles(int Count, int Rows, int Longer)
{
    /// <param name="rows">All, at least 1.</param>
    /// <param name="maxRows">Most rows of a tile.</param>
    public static RowTiles Of(int rows, int maxRows)
    {
        var count = (rows + maxRows - 1) / maxRows;
        var (each, longer) = Math.DivRem(rows, count);
        return new RowTiles(count, each, longer);
    }
}

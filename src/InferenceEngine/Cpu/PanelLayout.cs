namespace QatKit.InferenceEngine.Cpu;

/// <summary>Where the elements of a matrix lie: its columns in panels, one panel after another, each row-major.</summary>
/// <remarks>Workers share columns out, and each one's columns lie together. In a row-major matrix a worker's part of a row is followed by
/// another's, which the processor, fetching ahead, takes from that one's cache time and again.</remarks>
/// <param name="Width">Columns of a panel: a multiple of 16, or all of them.</param>
/// <param name="PanelStride">Elements from one panel to the next.</param>
internal readonly record struct PanelLayout(int Width, nint PanelStride)
{
    /// <summary>Columns of a panel: int8 codes of a row fill a cache line.</summary>
    public const int DefaultWidth = 64;

    /// <summary>A single panel.</summary>
    public static PanelLayout RowMajor(int columns) => new(columns, 0);

    /// <summary>A single panel whose rows are filled up to whole blocks of columns.</summary>
    public static PanelLayout PaddedRows(int columns) => new(PackedLinear.BlocksOf(columns) * PackedLinear.BlockColumns, 0);

    /// <summary>Panels of <paramref name="rows"/> rows.</summary>
    public static PanelLayout Panels(int rows, int width = DefaultWidth) => new(width, (nint)RowsOf(rows) * width);

    /// <summary>Elements that a matrix takes.</summary>
    public static long Size(int rows, int columns, int width = DefaultWidth) => (long)RowsOf(rows) * ((columns + width - 1) / width) * width;

    /// <summary>Which element a row and a column are.</summary>
    public nint IndexOf(int row, int column)
    {
        var (panel, beyond) = Math.DivRem(column, Width);
        return panel * PanelStride + (nint)row * Width + beyond;
    }

    /// <summary>Copies a row to a row of another matrix. Panels of the one must not begin within panels of the other, unless that is a single one.</summary>
    /// <param name="source">This matrix.</param>
    /// <param name="row">Its row.</param>
    /// <param name="destination">The other matrix; may be this one.</param>
    /// <param name="layout">Where its elements lie.</param>
    /// <param name="destinationRow">Its row.</param>
    /// <param name="columns">Columns of both.</param>
    /// <param name="elementBytes">Bytes of an element.</param>
    public unsafe void CopyRow(byte* source, int row, byte* destination, PanelLayout layout, int destinationRow, int columns, int elementBytes)
    {
        var width = Math.Min(Width, layout.Width);
        for (var c = 0; c < columns; c += width)
        {
            var bytes = Math.Min(width, columns - c) * elementBytes;
            Buffer.MemoryCopy(source + IndexOf(row, c) * elementBytes, destination + layout.IndexOf(destinationRow, c) * elementBytes, bytes, bytes);
        }
    }

    // One more, so that the panels of 2^n rows do not compete for the same cache sets.
    private static int RowsOf(int rows) => rows + 1;
}

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Rows as a tile reads them: in panels, one after another, each row-major.</summary>
/// <param name="start">The first row, from its first code on.</param>
/// <param name="rowBytes">Bytes from one row to the next.</param>
/// <param name="panelBytes">Bytes of a row that lie in one panel, a multiple of eight.</param>
/// <param name="panelStride">Bytes from one panel to the next.</param>
internal readonly unsafe struct TileRows(byte* start, nint rowBytes, nint panelBytes, nint panelStride)
{
    /// <summary>Rows that lie in a single panel.</summary>
    public TileRows(byte* start, nint rowBytes)
        : this(start, rowBytes, nint.MaxValue, 0)
    {
    }

    /// <summary>Rows of codes as they are.</summary>
    public TileRows(Codes codes)
        : this((byte*)codes.Pointer, (nint)codes.Layout.Width * codes.CodeBytes, (nint)codes.Layout.Width * codes.CodeBytes, codes.Layout.PanelStride * codes.CodeBytes)
    {
    }

    /// <summary>Makes them the left operand of a tile.</summary>
    /// <param name="operands">Of the tile.</param>
    /// <param name="begin">Where its stretch of K begins, in bytes of a row.</param>
    public void Place(ref TileOperands operands, nint begin)
    {
        var (panel, beyond) = Math.DivRem(begin, panelBytes);
        operands.A = start + panel * panelStride + beyond;
        operands.RowBytes = rowBytes;
        operands.FirstPanelBytes = panelBytes - beyond;
        operands.PanelBytes = panelBytes;
        operands.NextPanel = panelStride - panelBytes;
    }
}

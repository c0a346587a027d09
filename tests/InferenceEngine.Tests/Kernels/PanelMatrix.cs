using QatKit.InferenceEngine.Cpu;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>Matrices in panels, element by element.</summary>
internal static class PanelMatrix
{
    /// <summary>Elements up to the last one of a matrix: what lies behind belongs to someone else.</summary>
    public static int Extent(int rows, int columns, PanelLayout layout) =>
        rows == 0 ? 0 : Enumerable.Range(0, columns).Max(c => checked((int)layout.IndexOf(rows - 1, c))) + 1;

    /// <summary>A row-major matrix in panels.</summary>
    /// <param name="rowMajor">[rows, columns].</param>
    /// <param name="columns">Columns.</param>
    /// <param name="layout">Panels.</param>
    /// <param name="fill">What lies between the panels.</param>
    public static T[] Of<T>(T[] rowMajor, int columns, PanelLayout layout, T fill)
    {
        var panels = new T[Extent(rowMajor.Length / columns, columns, layout)];
        Array.Fill(panels, fill);
        for (var i = 0; i < rowMajor.Length; i++) panels[layout.IndexOf(i / columns, i % columns)] = rowMajor[i];
        return panels;
    }
}

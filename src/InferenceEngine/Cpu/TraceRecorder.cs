using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>Hands tensors of a pass to a trace, row-major, as it expects them.</summary>
/// <param name="trace">Receives them; null: no one does.</param>
internal readonly unsafe struct TraceRecorder(IActivationTrace? trace)
{
    /// <summary>True when there is a trace: then every row is computed.</summary>
    public bool IsOn => trace is not null;

    /// <summary>Records floats.</summary>
    public void Record(string name, int rows, int columns, PanelLayout layout, float* values)
    {
        if (trace?.Wants(name) == true) trace.Record(name, rows, columns, RowMajor(rows, columns, layout, values));
    }

    /// <summary>Records codes of either width.</summary>
    public void Record(string name, int rows, int columns, Codes codes)
    {
        if (trace?.Wants(name) != true) return;
        if (codes.Width == CodeWidth.Int8)
        {
            var stored = RowMajor(rows, columns, codes.Layout, codes.Int8);
            for (var i = 0; i < stored.Length; i++) stored[i] = (sbyte)(stored[i] - codes.Offset);
            trace.Record(name, rows, columns, stored);
        }
        else
        {
            trace.Record(name, rows, columns, RowMajor(rows, columns, codes.Layout, codes.Int16));
        }
    }

    private static T[] RowMajor<T>(int rows, int columns, PanelLayout layout, T* values) where T : unmanaged
    {
        var copy = new T[rows * columns];
        fixed (T* destination = copy)
        {
            for (var r = 0; r < rows; r++) layout.CopyRow((byte*)values, r, (byte*)destination, PanelLayout.RowMajor(columns), r, columns, sizeof(T));
        }

        return copy;
    }
}

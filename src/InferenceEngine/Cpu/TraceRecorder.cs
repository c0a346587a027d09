using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>Hands tensors of a pass to a trace, row-major, as it expects them.</summary>
internal readonly unsafe struct TraceRecorder
{
    private readonly IActivationTrace? _trace;
    private readonly HashSet<string> _wanted;

    private TraceRecorder(IActivationTrace trace, IEnumerable<string> names)
    {
        _trace = trace;
        _wanted = [.. names.Where(trace.Wants)];
    }

    /// <summary>True when there is a trace: then every row is computed.</summary>
    public bool IsOn => _trace is not null;

    /// <summary>Asks a trace what it wants, once, because all workers have to know: they wait while something is recorded.</summary>
    /// <param name="trace">Receives tensors; null: no one does.</param>
    /// <param name="model">Whose.</param>
    public static TraceRecorder Of(IActivationTrace? trace, CpuModel model) => trace is null ? default : new TraceRecorder(trace, model.TraceNames);

    /// <summary>Whether a tensor is to be recorded.</summary>
    public bool Wants(string name) => IsOn && _wanted.Contains(name);

    /// <summary>Records floats.</summary>
    public void Record(string name, int rows, int columns, PanelLayout layout, float* values) =>
        _trace!.Record(name, rows, columns, RowMajor(rows, columns, layout, values));

    /// <summary>Records codes of either width.</summary>
    public void Record(string name, int rows, int columns, Codes codes)
    {
        if (codes.Width == CodeWidth.Int8)
        {
            var stored = RowMajor(rows, columns, codes.Layout, codes.Int8);
            for (var i = 0; i < stored.Length; i++) stored[i] = (sbyte)(stored[i] - codes.Offset);
            _trace!.Record(name, rows, columns, stored);
        }
        else
        {
            _trace!.Record(name, rows, columns, RowMajor(rows, columns, codes.Layout, codes.Int16));
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

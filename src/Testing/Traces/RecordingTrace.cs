using QatKit.Core.Graph;

namespace QatKit.Testing.Traces;

/// <summary>Keeps a copy of every tensor of a run, in the order in which they were recorded.</summary>
public sealed class RecordingTrace : IActivationTrace
{
    private readonly List<RecordedTensor> _tensors = [];
    private (string Name, float[] Values)? _unrounded;

    /// <summary>The tensors so far.</summary>
    public IReadOnlyList<RecordedTensor> Tensors => _tensors;

    /// <summary>The tensor of that name and kind, or null.</summary>
    public RecordedTensor? Find(string name, TensorKind kind) => _tensors.Find(t => t.Name == name && t.Kind == kind);

    /// <summary>The codes of that name, of either width, or null.</summary>
    public RecordedTensor? FindCodes(string name) => _tensors.Find(t => t.Name == name && t.Kind != TensorKind.Float32);

    /// <inheritdoc/>
    public void Record(string name, int rows, int columns, ReadOnlySpan<sbyte> codes)
    {
        var copy = new short[codes.Length];
        for (var i = 0; i < codes.Length; i++) copy[i] = codes[i];
        AddCodes(name, TensorKind.Int8, rows, columns, copy);
    }

    /// <inheritdoc/>
    public void Record(string name, int rows, int columns, ReadOnlySpan<short> codes) =>
        AddCodes(name, TensorKind.Int16, rows, columns, codes.ToArray());

    /// <inheritdoc/>
    public void Record(string name, int rows, int columns, ReadOnlySpan<float> values) =>
        _tensors.Add(new RecordedTensor(name, TensorKind.Float32, rows, columns, [], values.ToArray(), null));

    /// <inheritdoc/>
    public void RecordUnrounded(string name, int rows, int columns, ReadOnlySpan<float> values) =>
        _unrounded = (name, values.ToArray());

    private void AddCodes(string name, TensorKind kind, int rows, int columns, short[] codes)
    {
        var unrounded = _unrounded is { } u && u.Name == name ? u.Values : null;
        _unrounded = null;
        _tensors.Add(new RecordedTensor(name, kind, rows, columns, codes, [], unrounded));
    }
}

using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.Comparison;

/// <summary>Keeps the pooler's output of a run: with it every row of the last layer is computed too.</summary>
internal sealed class PooledTrace(QuantizationParameters quantizer) : IActivationTrace
{
    private short[] _codes = [];

    /// <summary>Real values, [B, H].</summary>
    public float[] Values => Array.ConvertAll(_codes, c => c * quantizer.Scale);

    public bool Wants(string name) => name == ModuleNames.Pooler;

    public void Record(string name, int rows, int columns, ReadOnlySpan<sbyte> codes)
    {
    }

    public void Record(string name, int rows, int columns, ReadOnlySpan<short> codes)
    {
        if (name != ModuleNames.Pooler) return;
        if (_codes.Length != codes.Length) _codes = new short[codes.Length];
        codes.CopyTo(_codes);
    }

    public void Record(string name, int rows, int columns, ReadOnlySpan<float> values)
    {
    }
}

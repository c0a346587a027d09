namespace QatKit.Core.Graph;

/// <summary>Receives intermediate tensors of a run, so that backends can be compared tensor by tensor.</summary>
/// <remarks>Names are module paths (<see cref="ModuleNames"/>). A LayerNorm, a context or a GELU output is recorded as the
/// codes that the next linear layer reads; query, key and value as their output codes; the pooler as the classifier's
/// int16 input codes. A LayerNorm's float output (the next residual) is recorded under the same name as floats. Spans are valid only during the call. Rows follow the batch's ragged token order.</remarks>
public interface IActivationTrace
{
    /// <summary>False for a tensor that is of no interest: a backend may then spare itself putting it in order. It may ask before the run.</summary>
    /// <param name="name">Its name.</param>
    bool Wants(string name) => true;

    /// <summary>int8 codes, row-major [rows, columns].</summary>
    void Record(string name, int rows, int columns, ReadOnlySpan<sbyte> codes);

    /// <summary>int16 codes, row-major [rows, columns].</summary>
    void Record(string name, int rows, int columns, ReadOnlySpan<short> codes);

    /// <summary>Float values, row-major [rows, columns].</summary>
    void Record(string name, int rows, int columns, ReadOnlySpan<float> values);

    /// <summary>The values that become the codes recorded next under the same name. The reference offers them to explain a
    /// divergence; backends that quantize in registers need not.</summary>
    void RecordUnrounded(string name, int rows, int columns, ReadOnlySpan<float> values) { }
}

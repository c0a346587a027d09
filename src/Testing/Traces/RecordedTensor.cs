namespace QatKit.Testing.Traces;

/// <summary>What kind of numbers a recorded tensor holds.</summary>
public enum TensorKind
{
    /// <summary>int8 codes.</summary>
    Int8,

    /// <summary>int16 codes.</summary>
    Int16,

    /// <summary>float32 values.</summary>
    Float32,
}

/// <summary>A copy of one intermediate tensor, row-major [rows, columns].</summary>
/// <param name="Name">Module path, see <see cref="QatKit.Core.Graph.ModuleNames"/>.</param>
/// <param name="Kind">Which of the two arrays is set.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Columns.</param>
/// <param name="Codes">Codes of either width; empty for values.</param>
/// <param name="Values">Float values; empty for codes.</param>
/// <param name="Unrounded">The values before rounding, where the implementation offers them.</param>
public sealed record RecordedTensor(
    string Name, TensorKind Kind, int Rows, int Columns, short[] Codes, float[] Values, float[]? Unrounded);

using QatKit.Core.Graph;
using QatKit.Quantization.Freezing;
using QatKit.Quantization.Surgery;
using QatKit.Training.Bert;
using QatKit.Training.Recipes;

namespace QatKit.Training.Runs;

/// <summary>The fake-quantized torch model of a finished run, and where it came from.</summary>
/// <param name="Folder">The run.</param>
/// <param name="Recipe">Its recipe, every default written out.</param>
/// <param name="Model">The model, in evaluation mode with fake-quantize on.</param>
/// <param name="Prepared">Its quantizers.</param>
/// <param name="Masks">Its 2:4 masks by module path; empty for a dense model.</param>
public sealed record FinishedRun(
    RunFolder Folder, Recipe Recipe, BertForSequenceClassification Model, PreparedModel Prepared, IReadOnlyDictionary<string, WeightMask> Masks) : IDisposable
{
    /// <summary>The model as plain data.</summary>
    public QuantizedGraph Freeze() => Freezer.Freeze(Prepared, Masks);

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}

using QatKit.Core.Graph;

namespace QatKit.Quantization.Placement;

/// <summary>How one layer is quantized.</summary>
/// <param name="Layer">Module path.</param>
/// <param name="Width">Width of the codes.</param>
/// <param name="Weights">Granularity of the weights, for people.</param>
/// <param name="InputCalibrator">Calibrator of the input.</param>
/// <param name="Sparsity"><c>2:4</c> or <c>dense</c>.</param>
public sealed record LayerPlacement(string Layer, CodeWidth Width, string Weights, string InputCalibrator, string Sparsity);

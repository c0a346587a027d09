using QatKit.Core.Graph;
using QatKit.Quantization.Calibration;

namespace QatKit.Quantization.Placement;

/// <summary>How one layer is quantized.</summary>
/// <param name="Layer">Module path.</param>
/// <param name="Width">Width of the codes.</param>
/// <param name="Weights">Granularity of the weights, for people.</param>
/// <param name="InputCalibrator">Calibrator of the input: the plan's where an int8 layer reads it, else the maximum, as int16 codes have resolution to spare.</param>
/// <param name="Sparsity"><c>2:4</c> or <c>dense</c>.</param>
public sealed record LayerPlacement(string Layer, CodeWidth Width, string Weights, CalibratorSettings InputCalibrator, string Sparsity);

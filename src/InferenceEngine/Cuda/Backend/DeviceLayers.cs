using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>A linear layer on the device, or several that read one input and are computed together.</summary>
/// <param name="Name">Module path of the (first) layer.</param>
/// <param name="Width">Width of input and weight codes.</param>
/// <param name="Sparse24">Packed 2:4.</param>
/// <param name="Out">N, of all layers together.</param>
/// <param name="In">K.</param>
/// <param name="Epilogue">What happens to the sums.</param>
/// <param name="Weight">Packed int8, or int16 [N, K].</param>
/// <param name="Multiplier">m[n].</param>
/// <param name="Bias">[N].</param>
/// <param name="Inverse">1 / scale of the output codes, [N]; the bias where floats come out.</param>
internal sealed record DeviceLinear(
    string Name, CodeWidth Width, bool Sparse24, int Out, int In, GemmEpilogue Epilogue,
    DeviceRange Weight, DeviceRange Multiplier, DeviceRange Bias, DeviceRange Inverse);

/// <summary>One of query, key and value (or all) and its first column among theirs, in multiples of the padded hidden size.</summary>
internal sealed record DeviceProjection(DeviceLinear Linear, int Slot);

/// <summary>A LayerNorm on the device with the quantizers of its consumers; an inverse of 0 means that nobody wants these codes.</summary>
internal sealed record DeviceLayerNorm(
    string Name, DeviceRange Gamma, DeviceRange Beta, float Grid, float Epsilon, float Inverse8, float Inverse16);

/// <summary>An embedding table on the device: values, or codes with row scales.</summary>
internal sealed record DeviceTable(DeviceRange? Values, DeviceRange? Codes, DeviceRange? RowScale)
{
    /// <summary>The kernel's view.</summary>
    public TableParameters Parameters => new() { Values = Values?.Address ?? 0, Codes = Codes?.Address ?? 0, RowScale = RowScale?.Address ?? 0 };
}

/// <summary>An encoder layer on the device; the source has its constants, without the weights.</summary>
internal sealed record DeviceEncoderLayer(
    IReadOnlyList<DeviceProjection> Projections, CodeWidth QueryWidth, QuantizedEncoderLayer Source,
    DeviceLinear AttentionOutput, DeviceLayerNorm AttentionLayerNorm, DeviceLinear Intermediate, DeviceLinear Output, DeviceLayerNorm OutputLayerNorm);

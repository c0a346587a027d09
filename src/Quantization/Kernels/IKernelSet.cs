using QatKit.Quantization.Layout;
using static TorchSharp.torch;

namespace QatKit.Quantization.Kernels;

/// <summary>The passes over activations and weights that fake quantization adds to torch's matrix products. No gradients here.</summary>
/// <remarks>Codes are integers in float32 tensors. Two implementations: <see cref="SimdKernels"/> for CPU memory, bit-equal to
/// <c>QatKit.Core.Numerics</c>; <see cref="TorchKernels"/> for other devices, from torch's own operations. Letters as in
/// docs/numerics.md; heads are stored [B·A, S, D].</remarks>
internal interface IKernelSet
{
    /// <summary>Codes of <paramref name="x"/> and its largest magnitude.</summary>
    (Tensor Codes, float AbsMax) Quantize(Tensor x, float inverseScale, int maxCode);

    /// <summary>The gradient where |x| ≤ amax, else 0.</summary>
    Tensor MaskClipped(Tensor gradient, Tensor x, float amax);

    /// <summary>Codes [N, K] with a scale per row [N]: amax / max, or 1 for a row of zeros.</summary>
    (Tensor Codes, Tensor Scale) QuantizeRows(Tensor weight, int maxCode);

    /// <summary>In place: <c>y[t, n] = fma(acc[t, n], inputScale · weightScale[n], bias[n])</c>.</summary>
    void Epilogue(Tensor accumulators, float inputScale, Tensor weightScale, Tensor bias);

    /// <summary>GELU.</summary>
    Tensor Gelu(Tensor x);

    /// <summary>gradient · GELU'(x).</summary>
    Tensor GeluBackward(Tensor gradient, Tensor x);

    /// <summary>tanh.</summary>
    Tensor Tanh(Tensor x);

    /// <summary>Integer LayerNorm of r [T, H]: the output, the normalised rows before gamma and beta, 1/std of each row [T], and max |r|.</summary>
    (Tensor Output, Tensor Normalized, Tensor ReciprocalStd, float AbsMax) LayerNorm(Tensor residual, Tensor gamma, Tensor beta, int exponent, double epsilon);

    /// <summary>Gradients of LayerNorm with respect to r, gamma and beta.</summary>
    (Tensor Residual, Tensor Gamma, Tensor Beta) LayerNormBackward(Tensor gradient, Tensor normalized, Tensor reciprocalStd, Tensor gamma);

    /// <summary>[T, H] to codes by head [B·A, S, D], zeros in padding, and the largest magnitude of x.</summary>
    (Tensor Codes, float AbsMax) QuantizeHeads(Tensor x, float inverseScale, TokenLayout layout, int heads);

    /// <summary>[T, H] to <c>x / z</c> by head [B·A, S, D], zeros in padding.</summary>
    Tensor SplitHeads(Tensor x, Tensor z, TokenLayout layout, int heads);

    /// <summary>[B·A, S, D] times a factor to [T, H].</summary>
    Tensor MergeHeads(Tensor x, float factor, TokenLayout layout, int heads);

    /// <summary>In place: scores [B·A, S, S] to probability codes, 0 for padded keys and queries. Returns z [B·A, S], at least 1.</summary>
    Tensor Softmax(Tensor scores, float multiplier, TokenLayout layout, int heads);

    /// <summary><c>ctx_acc · (s_v / z)</c>: [B·A, S, D] to [T, H].</summary>
    Tensor Context(Tensor accumulators, Tensor z, float valueScale, TokenLayout layout, int heads);

    /// <summary>In place: G, the gradient of unnormalised probabilities, to <c>p · (G − Σ p·G / z)</c>.</summary>
    void SoftmaxBackward(Tensor gradient, Tensor codes, Tensor z);
}

using QatKit.Core.Numerics;
using QatKit.Quantization.Layout;
using TorchSharp;
using static TorchSharp.torch;

namespace QatKit.Quantization.Kernels;

/// <summary>The same passes from torch's own operations, for devices whose memory this process cannot touch.</summary>
/// <remarks>Quantizing, LayerNorm statistics and the products are exact here too. A fused multiply-add is computed in float64
/// and rounded to float32 (twice rounded in about one of 2^28 cases), and exp2, erf and tanh are torch's: the codes agree with
/// the contract's up to rare neighbours, which is what training needs; verification runs on the CPU.
/// Numbers are <see cref="Scalar"/> objects that live until the operation has returned: those that TorchSharp makes of a plain number on the
/// way may be collected while libtorch reads them.</remarks>
internal sealed class TorchKernels : IKernelSet
{
    private static readonly Scalar Zero = 0, One = 1, Half = 0.5f, MinusHalf = -0.5f, SqrtHalf = ElementwiseFunctions.SqrtHalf;

    private static readonly Scalar NormalDensity = VectorMath.NormalDensity, MinusInfinity = float.NegativeInfinity, ProbabilityMax = NumericsContract.ProbabilityMax;

    public (Tensor Codes, float AbsMax) Quantize(Tensor x, float inverseScale, int maxCode)
    {
        using var amax = x.abs().amax([.. Enumerable.Range(0, (int)x.dim()).Select(i => (long)i)]);
        using Scalar factor = inverseScale;
        return (Round(x.mul(factor), maxCode), amax.item<float>());
    }

    public Tensor MaskClipped(Tensor gradient, Tensor x, float amax)
    {
        using Scalar limit = amax;
        return gradient * x.abs().le(limit);
    }

    public (Tensor Codes, Tensor Scale) QuantizeRows(Tensor weight, int maxCode)
    {
        var amax = weight.abs().amax([1]);
        // A tensor divisor: by a plain number, CUDA would multiply by the reciprocal, which is another function.
        using Scalar most = maxCode;
        var scale = where(amax.eq(Zero), ones_like(amax), amax / full_like(amax, most));
        return (Round(weight.mul(scale.reciprocal().unsqueeze(1)), maxCode), scale);
    }

    public void Epilogue(Tensor accumulators, float inputScale, Tensor weightScale, Tensor bias)
    {
        using Scalar factor = inputScale;
        accumulators.copy_(MultiplyAdd(accumulators, weightScale.mul(factor), bias));
    }

    public Tensor Gelu(Tensor x) => x.mul(Half) * ErfPlusOne(x);

    public Tensor GeluBackward(Tensor gradient, Tensor x) =>
        gradient * ErfPlusOne(x).mul(Half).Plus(x * (x * x).mul(MinusHalf).exp().mul(NormalDensity));

    public Tensor Tanh(Tensor x) => x.tanh();

    public (Tensor Output, Tensor Normalized, Tensor ReciprocalStd, float AbsMax) LayerNorm(
        Tensor residual, Tensor gamma, Tensor beta, int exponent, double epsilon)
    {
        var hidden = residual.shape[1];
        var grid = IntegerLayerNorm.GridScale(exponent);
        var (codes, amax) = Quantize(residual, grid, NumericsContract.LayerNormFixedMax);
        var f = codes.to_type(ScalarType.Int64);
        var s1 = f.sum(1, keepdim: true); // [T, 1]
        using Scalar width = hidden, term = IntegerLayerNorm.EpsilonTerm(epsilon, (int)hidden, exponent), gridWidth = hidden * grid;
        var v = (f * f).sum(1, keepdim: true).mul(width) - s1 * s1;
        var rs = v.to_type(ScalarType.Float32).add(term).sqrt().reciprocal();
        var normalized = (f.mul(width) - s1).to_type(ScalarType.Float32) * rs;
        return (MultiplyAdd(normalized, gamma, beta), normalized, rs.squeeze(1).mul(gridWidth), amax);
    }

    public (Tensor Residual, Tensor Gamma, Tensor Beta) LayerNormBackward(Tensor gradient, Tensor normalized, Tensor reciprocalStd, Tensor gamma)
    {
        var scaled = gradient * gamma;
        var slope = (scaled * normalized).mean([1], keepdim: true);
        var residual = (scaled - scaled.mean([1], keepdim: true) - normalized * slope) * reciprocalStd.unsqueeze(1);
        return (residual, (gradient * normalized).sum([0]), gradient.sum([0]));
    }

    public (Tensor Codes, float AbsMax) QuantizeHeads(Tensor x, float inverseScale, TokenLayout layout, int heads)
    {
        var (codes, amax) = Quantize(x, inverseScale, NumericsContract.Int8Max);
        return (Split(codes, layout, heads), amax);
    }

    public Tensor SplitHeads(Tensor x, Tensor z, TokenLayout layout, int heads) => Split(x, layout, heads) / z.unsqueeze(2);

    public Tensor MergeHeads(Tensor x, float factor, TokenLayout layout, int heads)
    {
        long s = layout.Longest, d = x.shape[2];
        var slots = x.view(layout.Sequences, heads, s, d).transpose(1, 2).reshape(layout.Sequences * s, heads * d);
        using Scalar number = factor;
        return RowGather.Gather(slots, layout.SlotOfToken).mul(number);
    }

    public Tensor Softmax(Tensor scores, float multiplier, TokenLayout layout, int heads)
    {
        var s = layout.Longest;
        var valid = tensor(Array.ConvertAll(layout.TokenOfSlot, t => t >= 0), device: scores.device)
            .view(layout.Sequences, 1, s).expand(layout.Sequences, heads, s).reshape(-1, s); // [B·A, S]
        var keys = valid.unsqueeze(1);
        var max = scores.masked_fill(~keys, MinusInfinity).amax([2], keepdim: true);
        using Scalar factor = multiplier;
        var p = (scores - max).mul(factor).exp2().mul(ProbabilityMax).round_();
        scores.copy_(p.masked_fill_(~(keys & valid.unsqueeze(2)), Zero));
        return scores.sum(2).clamp_min_(One);
    }

    public Tensor Context(Tensor accumulators, Tensor z, float valueScale, TokenLayout layout, int heads)
    {
        using Scalar scale = valueScale;
        return MergeHeads(accumulators * (full_like(z, scale) / z).unsqueeze(2), 1, layout, heads);
    }

    public void SoftmaxBackward(Tensor gradient, Tensor codes, Tensor z)
    {
        var mean = (gradient * codes).sum(2, keepdim: true) / z.unsqueeze(2);
        gradient.sub_(mean).mul_(codes);
    }

    private static Tensor Split(Tensor x, TokenLayout layout, int heads)
    {
        long s = layout.Longest, d = x.shape[1] / heads;
        return RowGather.Gather(x, layout.TokenOfSlot).view(layout.Sequences, s, heads, d).transpose(1, 2).reshape(-1, s, d);
    }

    // In place. Zero is added because codes have no negative zero.
    private static Tensor Round(Tensor x, int maxCode)
    {
        using Scalar least = -maxCode, most = maxCode;
        return x.round_().clamp_(least, most).add_(Zero);
    }

    private static Tensor ErfPlusOne(Tensor x) => x.mul(SqrtHalf).erf().add(One);

    private static Tensor MultiplyAdd(Tensor a, Tensor b, Tensor c) =>
        (a.to_type(ScalarType.Float64) * b.to_type(ScalarType.Float64)).Plus(c.to_type(ScalarType.Float64)).to_type(ScalarType.Float32);
}

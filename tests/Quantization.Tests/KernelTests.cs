using QatKit.Core.Numerics;
using QatKit.Quantization.Kernels;
using QatKit.Quantization.Layout;
using QatKit.TestKit;
using static TorchSharp.torch;

namespace QatKit.Quantization.Tests;

/// <summary>SIMD passes against the scalar contract, and torch compositions against SIMD passes.</summary>
public sealed class KernelTests
{
    private static readonly SimdKernels Simd = new();
    private static readonly TorchKernels Composed = new();

    [Fact]
    public void Quantizing_has_the_contracts_bits_at_every_length()
    {
        for (var length = 1; length <= 40; length++)
        {
            using var scope = NewDisposeScope();
            var x = randn(length, generator: new Generator((ulong)length));
            foreach (var (max, scale) in new[] { (127, 0.01f), (32767, 1e-4f) })
            {
                var inverse = 1f / scale;
                var expected = Array.ConvertAll(Values(x), v => max == 127 ? AffineQuantizer.Quantize(v, inverse) : (float)AffineQuantizer.QuantizeInt16(v, inverse));
                var (codes, amax) = Simd.Quantize(x, inverse, max);
                TensorAssert.BitEqual(expected, Values(codes), context: $"length {length}");
                Assert.Equal(Values(x).Max(MathF.Abs), amax);
                TensorAssert.BitEqual(expected, Values(Composed.Quantize(x, inverse, max).Codes));
            }
        }
    }

    [Fact]
    public void Gelu_exp2_and_erf_have_the_contracts_bits()
    {
        using var scope = NewDisposeScope();
        var x = cat([linspace(-8, 8, 100_003), tensor(new[] { 0f, -0f, 1e-30f, -1e30f, 1e30f })]);
        TensorAssert.BitEqual(Array.ConvertAll(Values(x), ElementwiseFunctions.Gelu), Values(Simd.Gelu(x)));
        TensorAssert.BitEqual(Array.ConvertAll(Values(x), ElementwiseFunctions.Tanh), Values(Simd.Tanh(x)));
        TensorAssert.Close(Values(Composed.Gelu(x[..100_003])), Values(Simd.Gelu(x[..100_003])), 3e-6);
    }

    [Fact]
    public void Gelus_derivative_is_torchs()
    {
        using var scope = NewDisposeScope();
        var x = linspace(-8, 8, 10_001).requires_grad_();
        nn.functional.gelu(x).sum().backward();
        var ones = ones_like(x).detach();
        TensorAssert.Close(Values(x.grad!), Values(Simd.GeluBackward(ones, x.detach())), 3e-6);
        TensorAssert.Close(Values(x.grad!), Values(Composed.GeluBackward(ones, x.detach())), 3e-6);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(37)]
    [InlineData(1024)]
    [InlineData(2048)]
    public void Layer_norm_has_the_contracts_bits_and_torchs_gradient(int hidden)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor r = randn([7, hidden], generator: generator) * 3 + 1, gamma = randn([hidden], generator: generator), beta = randn([hidden], generator: generator);
        var k = IntegerLayerNorm.ExponentFor(r.abs().max().item<float>());
        var expected = new float[r.numel()];
        for (var t = 0; t < 7; t++)
            IntegerLayerNorm.Normalize(Values(r).AsSpan(t * hidden, hidden), Values(gamma), Values(beta), k, 1e-12, expected.AsSpan(t * hidden, hidden));
        var (output, normalized, std, amax) = Simd.LayerNorm(r, gamma, beta, k, 1e-12);
        TensorAssert.BitEqual(expected, Values(output), hidden);
        Assert.Equal(Values(r).Max(MathF.Abs), amax);
        TensorAssert.Close(expected, Values(Composed.LayerNorm(r, gamma, beta, k, 1e-12).Output), 1e-6, hidden);

        // Against torch's own LayerNorm; the grid of 2^-k shows in the sixth digit.
        Tensor rf = r.detach().requires_grad_(), gf = gamma.detach().requires_grad_(), bf = beta.detach().requires_grad_();
        var g = randn(r.shape, generator: generator);
        nn.functional.layer_norm(rf, [hidden], gf, bf, 1e-12).backward([g]);
        foreach (IKernelSet kernels in new IKernelSet[] { Simd, Composed })
        {
            var (dr, dGamma, dBeta) = kernels.LayerNormBackward(g, normalized, std, gamma);
            TensorAssert.Close(Values(rf.grad!), Values(dr), 2e-5, hidden);
            TensorAssert.Close(Values(gf.grad!), Values(dGamma), 1e-4);
            TensorAssert.Close(Values(bf.grad!), Values(dBeta), 1e-4);
        }
    }

    [Fact]
    public void Weights_get_a_scale_per_row_and_a_dead_row_gets_one()
    {
        using var scope = NewDisposeScope();
        var w = randn([5, 19], generator: new Generator(1));
        w[2] = zeros(19);
        var (codes, scale) = Simd.QuantizeRows(w, 127);
        for (var n = 0; n < 5; n++)
        {
            var row = Values(w[n]);
            var parameters = QuantizationParameters.FromAmax(row.Max(MathF.Abs));
            Assert.Equal(parameters.Scale, Values(scale)[n]);
            TensorAssert.BitEqual(Array.ConvertAll(row, v => (float)AffineQuantizer.Quantize(v, parameters.InverseScale)), Values(codes[n]), context: $"row {n}");
        }

        var composed = Composed.QuantizeRows(w, 127);
        TensorAssert.BitEqual(Values(codes), Values(composed.Codes));
        TensorAssert.BitEqual(Values(scale), Values(composed.Scale));
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(1, 16)]
    public void Attention_passes_agree_with_their_compositions(int heads, int d)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var layout = TokenLayout.FromLengths([3, 11, 1]);
        var x = randn([15, heads * d], generator: generator);
        var split = Simd.QuantizeHeads(x, 30f, layout, heads);
        Same(Composed.QuantizeHeads(x, 30f, layout, heads).Codes, split.Codes);
        Same(Simd.Quantize(x, 30f, 127).Codes, Simd.MergeHeads(split.Codes, 1, layout, heads));
        Same(Composed.MergeHeads(split.Codes, 0.5f, layout, heads), Simd.MergeHeads(split.Codes, 0.5f, layout, heads));

        var scores = split.Codes.matmul(split.Codes.transpose(1, 2));
        Tensor p = scores.clone(), composed = scores.clone();
        var z = Simd.Softmax(p, 1e-3f, layout, heads);
        TensorAssert.Close(Values(composed = Apply(composed)), Values(p), 1); // exp2 differs in the last bit
        Tensor Apply(Tensor t)
        {
            Composed.Softmax(t, 1e-3f, layout, heads);
            return t;
        }

        Same(p.sum(2).clamp_min(1), z);
        var context = p.matmul(split.Codes);
        Same(Composed.Context(context, z, 0.01f, layout, heads), Simd.Context(context, z, 0.01f, layout, heads));
        TensorAssert.Close(Values(Composed.SplitHeads(x, z, layout, heads)), Values(Simd.SplitHeads(x, z, layout, heads)), 1e-8);
        Tensor g = randn(p.shape, generator: generator), g2 = g.clone();
        Simd.SoftmaxBackward(g, p, z);
        Composed.SoftmaxBackward(g2, p, z);
        TensorAssert.Close(Values(g2), Values(g), 1e-3);
    }

    [Fact]
    public void Long_and_wide_products_are_exact()
    {
        using var scope = NewDisposeScope();
        // The worst case: every product has the largest magnitude.
        foreach (var (k, max) in new[] { (1040, 127), (1041, 127), (5000, 127), (700, 32767) })
        {
            var x = full([2, k], (float)max);
            x[1, 0] = max - 1;
            var y = ExactGemm.MultiplyTransposed(x, x, (long)max * max);
            var corner = (long)k * max * max;
            TensorAssert.BitEqual(new[] { (float)corner, corner - max, corner - max, corner - (2 * max - 1) }, Values(y), context: $"K = {k}, {max}");
        }
    }

    private static void Same(Tensor expected, Tensor actual) => TensorAssert.BitEqual(Values(expected), Values(actual));

    private static float[] Values(Tensor tensor) => tensor.detach().contiguous().data<float>().ToArray();
}

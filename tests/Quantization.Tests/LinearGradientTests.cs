using QatKit.Quantization.Functions;
using QatKit.TestKit;
using static TorchSharp.torch;

namespace QatKit.Quantization.Tests;

/// <summary>Gradients of quantizer and linear layer against the same computation composed from torch operations.</summary>
public sealed class LinearGradientTests
{
    [Theory]
    [InlineData(127)]
    [InlineData(32767)]
    public void Gradients_are_those_of_the_dequantized_product_with_clipped_inputs_masked(int maxCode)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        const float Amax = 1.5f;
        var scale = Amax / maxCode;
        Tensor x = randn([9, 20], generator: generator), w = randn([6, 20], generator: generator), b = randn([6], generator: generator), g = randn([9, 6], generator: generator);

        Tensor xq = x.detach().requires_grad_(), wq = w.detach().requires_grad_(), bq = b.detach().requires_grad_();
        var codes = QuantizeFunction.Apply(xq, new QuantizeFunction.Call { Amax = Amax, InverseScale = 1 / scale, MaxCode = maxCode });
        CodeLinearFunction.Apply(codes, wq, bq, new CodeLinearFunction.Call(scale, maxCode)).backward([g]);

        // Straight-through, composed: value of the fake-quantized tensor, gradient of the clamped one.
        Tensor xf = x.detach().requires_grad_(), wf = w.detach().requires_grad_(), bf = b.detach().requires_grad_();
        var clamped = xf.clamp(-Amax, Amax);
        var xFake = clamped + ((clamped / scale).round() * scale - clamped).detach();
        var step = wf.abs().amax([1], keepdim: true).detach() / maxCode;
        var wFake = wf + ((wf / step).round() * step - wf).detach();
        nn.functional.linear(xFake, wFake, bf).backward([g]);

        Assert.True((x.abs() > Amax).any().item<bool>());
        foreach (var (expected, actual) in new[] { (xf, xq), (wf, wq), (bf, bq) })
            TensorAssert.Close(expected.grad!.data<float>().ToArray(), actual.grad!.data<float>().ToArray(), 2e-4); // one int16 code here and there
    }
}

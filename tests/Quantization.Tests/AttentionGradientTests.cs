using QatKit.Core.Numerics;
using QatKit.Quantization.Functions;
using QatKit.Quantization.Layout;
using static TorchSharp.torch;

namespace QatKit.Quantization.Tests;

/// <summary>The attention function's gradient against torch's own, and where it must stop.</summary>
public sealed class AttentionGradientTests
{
    private const int Heads = 2;

    [Fact]
    public void Gradients_are_those_of_float_attention_up_to_the_rounding_of_probabilities()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var layout = TokenLayout.FromLengths([7, 12, 1]);
        // On the grid, so that only the probabilities' 8 bits differ: their steps are 1/255 of the largest.
        Tensor[] values = [.. Enumerable.Range(0, 3).Select(_ => (randn([20, 16], generator: generator).clamp_(-2, 2) / 0.02).round_() * 0.02f)];
        var weight = randn([20, 16], generator: generator);

        var expected = Gradients(values, i => FloatAttention.Apply(i[0], i[1], i[2], layout, Heads, 0), weight);
        var actual = Gradients(values, i => Attention(i, layout, amax: 2.54f), weight);
        for (var i = 0; i < 3; i++)
        {
            var error = (expected[i] - actual[i]).norm().item<float>() / expected[i].norm().item<float>();
            Assert.True(error < 0.02, $"input {i}: relative error {error}");
        }
    }

    [Fact]
    public void Clipped_elements_get_no_gradient_and_others_do()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        var layout = TokenLayout.FromLengths([9]);
        Tensor[] values = [.. Enumerable.Range(0, 3).Select(_ => randn([9, 16], generator: generator))];
        var gradients = Gradients(values, i => Attention(i, layout, amax: 1f), randn([9, 16], generator: generator));
        for (var i = 0; i < 3; i++)
        {
            var clipped = values[i].abs() > 1f;
            Assert.True(clipped.any().item<bool>());
            Assert.Equal(0f, gradients[i].masked_select(clipped).abs().max().item<float>());
            Assert.True(gradients[i].masked_select(~clipped).abs().min().item<float>() > 0);
        }
    }

    private static Tensor Attention(Tensor[] inputs, TokenLayout layout, float amax)
    {
        var parameters = new QuantizationParameters(amax / 127);
        return AttentionFunction.Apply(inputs[0], inputs[1], inputs[2], new AttentionFunction.Call
        {
            Layout = layout, Heads = Heads, Dropout = 0, Parameters = [parameters, parameters, parameters], Amax = [amax, amax, amax],
        });
    }

    private static Tensor[] Gradients(Tensor[] values, Func<Tensor[], Tensor> attention, Tensor weight)
    {
        Tensor[] inputs = [.. values.Select(v => v.detach().clone().requires_grad_())];
        (attention(inputs) * weight).sum().backward();
        return [.. inputs.Select(i => i.grad!)];
    }
}

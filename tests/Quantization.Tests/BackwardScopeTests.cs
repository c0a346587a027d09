using QatKit.Quantization.Functions;
using TorchSharp;
using static TorchSharp.torch;

namespace QatKit.Quantization.Tests;

/// <summary>libtorch runs backward passes of other devices in threads without a dispose scope, where nothing else frees temporaries.</summary>
public sealed class BackwardScopeTests
{
    public static TheoryData<string> Functions => [nameof(GeluFunction), nameof(TanhFunction), nameof(CodeLinearFunction)];

    [Theory]
    [MemberData(nameof(Functions))]
    public void Backward_passes_leave_only_gradients_behind(string function)
    {
        using var scope = NewDisposeScope();
        // Tensors without memory take the passes of other devices, as far as libtorch has these operations for them.
        var device = function == nameof(CodeLinearFunction) ? CPU : new Device(DeviceType.META);
        var x = zeros([4, 8], device: device, requires_grad: true);
        Tensor weight = zeros([3, 8], device: device, requires_grad: true), bias = zeros([3], device: device, requires_grad: true);
        var y = function switch
        {
            nameof(GeluFunction) => GeluFunction.Apply(x),
            nameof(TanhFunction) => TanhFunction.Apply(x),
            _ => CodeLinearFunction.Apply(x, weight, bias, new CodeLinearFunction.Call(0.1f, 127)),
        };
        var gradient = ones_like(y);
        var inputs = function == nameof(CodeLinearFunction) ? 3 : 1;
        var before = scope.DisposablesCount;
        y.backward([gradient]);
        Assert.Equal([4, 8], x.grad!.shape);
        // What libtorch handed over, the gradients, and x.grad itself.
        Assert.InRange(scope.DisposablesCount - before, 1, inputs + 2);
    }
}

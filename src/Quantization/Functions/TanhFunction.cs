using QatKit.Quantization.Kernels;
using static TorchSharp.torch;

namespace QatKit.Quantization.Functions;

/// <summary>tanh of the numerics contract, with derivative 1 − y².</summary>
internal sealed class TanhFunction : autograd.SingleTensorFunction<TanhFunction>
{
    public override string Name => "Tanh";

    internal static Tensor Apply(Tensor x) => apply(x);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        using var noGrad = no_grad();
        var x = (Tensor)vars[0];
        var y = KernelSet.For(x).Tanh(x);
        ctx.save_for_backward([y]);
        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        var y = ctx.get_saved_variables()[0];
        // Without numbers: TorchSharp wraps one in an object that the garbage collector may free while libtorch still reads it (seen with square(), which is a power of 2).
        return [(grad_output * (ones_like(y) - y * y)).MoveToOuterDisposeScope()];
    }
}

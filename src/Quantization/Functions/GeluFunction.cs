using QatKit.Quantization.Kernels;
using static TorchSharp.torch;

namespace QatKit.Quantization.Functions;

/// <summary>GELU of the numerics contract, with its exact derivative.</summary>
internal sealed class GeluFunction : autograd.SingleTensorFunction<GeluFunction>
{
    public override string Name => "Gelu";

    internal static Tensor Apply(Tensor x) => apply(x);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        using var noGrad = no_grad();
        var x = (Tensor)vars[0];
        ctx.save_for_backward([x]);
        return KernelSet.For(x).Gelu(x);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        var x = ctx.get_saved_variables()[0];
        return [KernelSet.For(x).GeluBackward(grad_output, x).MoveToOuterDisposeScope()];
    }
}

using QatKit.Quantization.Kernels;
using static TorchSharp.torch;

namespace QatKit.Quantization.Functions;

/// <summary>Integer LayerNorm forward, float LayerNorm gradient: [T, H] to [T, H].</summary>
internal sealed class LayerNormFunction : autograd.SingleTensorFunction<LayerNormFunction>
{
    public override string Name => "IntegerLayerNorm";

    internal static Tensor Apply(Tensor residual, Tensor gamma, Tensor beta, Call call) => apply(residual, gamma, beta, call);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        using var noGrad = no_grad();
        var (residual, gamma, beta, call) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Call)vars[3]);
        (var output, var normalized, var reciprocalStd, call.SeenAmax) =
            KernelSet.For(residual).LayerNorm(residual, gamma, beta, call.Exponent, call.Epsilon);
        ctx.save_for_backward([normalized, reciprocalStd, gamma]);
        return output;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        var saved = ctx.get_saved_variables();
        var (residual, dGamma, dBeta) = KernelSet.For(grad_output).LayerNormBackward(grad_output, saved[0], saved[1], gamma: saved[2]);
        return [residual.MoveToOuterDisposeScope(), dGamma.MoveToOuterDisposeScope(), dBeta.MoveToOuterDisposeScope(), null!];
    }

    /// <summary>Parameters, and what the pass saw.</summary>
    internal sealed class Call
    {
        internal required int Exponent { get; init; }

        internal required double Epsilon { get; init; }

        /// <summary>Largest |r| of the batch.</summary>
        internal float SeenAmax { get; set; }
    }
}

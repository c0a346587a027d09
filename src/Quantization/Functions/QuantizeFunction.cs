using QatKit.Quantization.Kernels;
using static TorchSharp.torch;

namespace QatKit.Quantization.Functions;

/// <summary>x to codes, straight-through: the gradient passes where |x| ≤ amax.</summary>
/// <remarks>Everywhere in this folder a tensor of codes stands for the real values <c>code · scale</c>, and its gradient is the
/// gradient of those real values; so no pass over activations is spent on multiplying by scales.</remarks>
internal sealed class QuantizeFunction : autograd.SingleTensorFunction<QuantizeFunction>
{
    public override string Name => "Quantize";

    internal static Tensor Apply(Tensor x, Call call) => apply(x, call);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        using var noGrad = no_grad();
        var (x, call) = ((Tensor)vars[0], (Call)vars[1]);
        (var codes, call.SeenAmax) = KernelSet.For(x).Quantize(x, call.InverseScale, call.MaxCode);
        ctx.save_data("call", call);
        // Nothing clipped: the gradient passes as it is, and x need not be kept.
        ctx.save_for_backward(call.SeenAmax <= call.Amax ? [] : [x]);
        return codes;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        var saved = ctx.get_saved_variables();
        if (saved.Count == 0) return [grad_output, null!];
        return [KernelSet.For(grad_output).MaskClipped(grad_output, saved[0], ((Call)ctx.get_data("call")).Amax).MoveToOuterDisposeScope(), null!];
    }

    /// <summary>Parameters, and what the pass saw.</summary>
    internal sealed class Call
    {
        internal required float Amax { get; init; }

        internal required float InverseScale { get; init; }

        internal required int MaxCode { get; init; }

        /// <summary>Largest |x| of the batch.</summary>
        internal float SeenAmax { get; set; }
    }
}

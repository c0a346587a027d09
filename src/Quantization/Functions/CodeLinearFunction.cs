using QatKit.Quantization.Kernels;
using static TorchSharp.torch;

namespace QatKit.Quantization.Functions;

/// <summary>Linear layer over codes: <c>y = fma((float)(X·Wᵀ), s_x·s_w[n], bias[n])</c>, [T, K] to [T, N].</summary>
/// <remarks>The weight is quantized here, per output channel with amax = max, so no weight is clipped and its gradient passes
/// everywhere. Backward: dX = dY·(W·s_w), dW = s_x·(dYᵀ·X), db = Σ dY.</remarks>
internal sealed class CodeLinearFunction : autograd.SingleTensorFunction<CodeLinearFunction>
{
    public override string Name => "CodeLinear";

    internal static Tensor Apply(Tensor codes, Tensor weight, Tensor bias, Call call) => apply(codes, weight, bias, call);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        using var noGrad = no_grad();
        var (x, weight, bias, call) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Call)vars[3]);
        var kernels = KernelSet.For(x);
        var (w, scale) = kernels.QuantizeRows(weight, call.MaxCode);
        var y = ExactGemm.MultiplyTransposed(x, w, (long)call.MaxCode * call.MaxCode);
        kernels.Epilogue(y, call.InputScale, scale, bias);
        ctx.save_data("call", call);
        ctx.save_for_backward([x, w, scale]);
        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        // A scope of its own: on CUDA this runs in a thread of libtorch that has none.
        using var scope = NewDisposeScope();
        var saved = ctx.get_saved_variables();
        var (x, w, weightScale) = (saved[0], saved[1], saved[2]);
        var dInput = grad_output.matmul(w * weightScale.unsqueeze(1));
        using TorchSharp.Scalar inputScale = ((Call)ctx.get_data("call")).InputScale; // Alive until libtorch has read it.
        var dWeight = grad_output.t().matmul(x).mul_(inputScale);
        var dBias = grad_output.sum([0]);
        return [dInput.MoveToOuterDisposeScope(), dWeight.MoveToOuterDisposeScope(), dBias.MoveToOuterDisposeScope(), null!];
    }

    /// <summary>Scale of the input's codes and the largest code of both operands.</summary>
    internal sealed record Call(float InputScale, int MaxCode);
}

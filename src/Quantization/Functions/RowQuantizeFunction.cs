using QatKit.Core.Numerics;
using QatKit.Quantization.Kernels;
using static TorchSharp.torch;

namespace QatKit.Quantization.Functions;

/// <summary>Rows of an embedding, [T, H], to <c>code · scale</c> with one scale per row; the gradient passes.</summary>
/// <remarks>A row's range is its own maximum, so nothing is clipped.</remarks>
internal sealed class RowQuantizeFunction : autograd.SingleTensorFunction<RowQuantizeFunction>
{
    public override string Name => "RowQuantize";

    internal static Tensor Apply(Tensor rows) => apply(rows);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        using var noGrad = no_grad();
        var rows = (Tensor)vars[0];
        var (codes, scale) = KernelSet.For(rows).QuantizeRows(rows, NumericsContract.Int8Max);
        using (scale) return codes.mul_(scale.unsqueeze(1));
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => [grad_output];
}

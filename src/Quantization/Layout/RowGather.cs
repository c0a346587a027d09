using System.Runtime.InteropServices;
using TorchSharp;

namespace QatKit.Quantization.Layout;

/// <summary>Moves rows between the padded and the unpadded layout, with gradient.</summary>
/// <remarks>Every source row is used at most once, so the gradient is a gather too; torch's index_select would
/// accumulate its gradient row by row.</remarks>
public static class RowGather
{
    /// <summary>[T, H] to [B·S, H], zeros in padded rows.</summary>
    public static torch.Tensor Pad(torch.Tensor tokens, TokenLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        return layout.IsDense ? tokens : Function.apply(tokens, layout.TokenOfSlot, layout.SlotOfToken);
    }

    /// <summary>[B·S, H] to [T, H].</summary>
    public static torch.Tensor Unpad(torch.Tensor padded, TokenLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        return layout.IsDense ? padded : Function.apply(padded, layout.SlotOfToken, layout.TokenOfSlot);
    }

    /// <summary><c>out[i] = source[i] &lt; 0 ? 0 : x[source[i]]</c>, without gradient. x: [R, H], out: [source.Length, H].</summary>
    internal static torch.Tensor Gather(torch.Tensor x, int[] source)
    {
        if (x.device_type != DeviceType.CPU)
        {
            // One row of zeros behind x stands for padding.
            using var scope = torch.NewDisposeScope();
            var extended = torch.cat([x, x.new_zeros(1, x.shape[1])]);
            var index = torch.tensor(Array.ConvertAll(source, i => i < 0 ? x.shape[0] : i), device: x.device);
            return extended.index_select(0, index).MoveToOuterDisposeScope();
        }

        using var contiguous = x.contiguous();
        var output = torch.empty(source.Length, x.shape[1]);
        var width = checked((int)x.shape[1]);
        var from = MemoryMarshal.Cast<byte, float>(contiguous.bytes);
        var to = MemoryMarshal.Cast<byte, float>(output.bytes);
        for (var i = 0; i < source.Length; i++)
        {
            var row = to.Slice(i * width, width);
            if (source[i] < 0) row.Clear();
            else from.Slice(source[i] * width, width).CopyTo(row);
        }

        return output;
    }

    private sealed class Function : torch.autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(RowGather);

        public override torch.Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
        {
            using var noGrad = torch.no_grad();
            ctx.save_data("inverse", vars[2]);
            return Gather((torch.Tensor)vars[0], (int[])vars[1]);
        }

        public override List<torch.Tensor> backward(torch.autograd.AutogradContext ctx, torch.Tensor grad_output) =>
            [Gather(grad_output, (int[])ctx.get_data("inverse")), null!, null!];
    }
}

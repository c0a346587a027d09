using QatKit.Core.Numerics;
using QatKit.Quantization.Kernels;
using QatKit.Quantization.Layout;
using static TorchSharp.torch;

namespace QatKit.Quantization.Functions;

/// <summary>Attention over codes: query, key and value [T, H] in float to the context [T, H].</summary>
/// <remarks>Forward is <see cref="IntegerSoftmax"/>'s arithmetic. Backward is the softmax Jacobian with P = p/z; rounding is
/// straight-through, and clipped queries, keys and values get no gradient. Dropout multiplies the codes by 0 or 1/(1 − p)
/// after z is taken, as float attention does after its softmax.</remarks>
internal sealed class AttentionFunction : autograd.SingleTensorFunction<AttentionFunction>
{
    public override string Name => "IntegerAttention";

    internal static Tensor Apply(Tensor query, Tensor key, Tensor value, Call call) => apply(query, key, value, call);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        using var noGrad = no_grad();
        var call = (Call)vars[3];
        var inputs = new[] { (Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2] };
        var kernels = KernelSet.For(inputs[0]);
        var codes = new Tensor[3]; // [B·A, S, D] each
        for (var i = 0; i < 3; i++)
            (codes[i], call.SeenAmax[i]) = kernels.QuantizeHeads(inputs[i], call.Parameters[i].InverseScale, call.Layout, call.Heads);

        var d = (int)codes[0].shape[2];
        var p = ExactGemm.MultiplyTransposed(codes[0], codes[1], NumericsContract.Int8Max * NumericsContract.Int8Max); // [B·A, S, S]
        var z = kernels.Softmax(p, IntegerSoftmax.ScoreMultiplier(call.Parameters[0].Scale, call.Parameters[1].Scale, d), call.Layout, call.Heads);
        var keep = call.Dropout > 0 ? KeepMask(p, 1 - call.Dropout) : null;
        using var dropped = keep is null ? p.alias() : p * keep;
        using var valueByColumn = codes[2].transpose(1, 2);
        using var accumulators = ExactGemm.MultiplyTransposed(dropped, valueByColumn, NumericsContract.ProbabilityMax * NumericsContract.Int8Max);
        var context = kernels.Context(accumulators, z, call.Parameters[2].Scale, call.Layout, call.Heads);
        call.Captured?.Invoke(codes);

        ctx.save_data("call", call);
        List<Tensor> saved = [.. codes, p, z];
        if (keep is not null) saved.Add(keep);
        for (var i = 0; i < 3; i++) if (call.IsClipped(i)) saved.Add(inputs[i]);
        ctx.save_for_backward(saved);
        return context;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        var call = (Call)ctx.get_data("call");
        var kernels = KernelSet.For(grad_output);
        var saved = new Queue<Tensor>(ctx.get_saved_variables());
        Tensor q = saved.Dequeue(), k = saved.Dequeue(), v = saved.Dequeue(), p = saved.Dequeue(), z = saved.Dequeue();
        var keep = call.Dropout > 0 ? saved.Dequeue() : null;

        var dContext = kernels.SplitHeads(grad_output, z, call.Layout, call.Heads); // gradient / z, [B·A, S, D]
        var dropped = keep is null ? p : p * keep;
        var dValue = dropped.transpose(1, 2).matmul(dContext);
        var g = dContext.matmul(v.transpose(1, 2)); // [B·A, S, S], gradient of p up to s_v
        if (keep is not null) g.mul_(keep);
        kernels.SoftmaxBackward(g, p, z);

        // Scores are q·k / sqrt(D) in real units.
        var factor = call.Parameters[2].Scale / MathF.Sqrt(q.shape[2]);
        var gradients = new[]
        {
            kernels.MergeHeads(g.matmul(k), factor * call.Parameters[1].Scale, call.Layout, call.Heads),
            kernels.MergeHeads(g.transpose(1, 2).matmul(q), factor * call.Parameters[0].Scale, call.Layout, call.Heads),
            kernels.MergeHeads(dValue, 1, call.Layout, call.Heads),
        };
        for (var i = 0; i < 3; i++)
            if (call.IsClipped(i)) gradients[i] = kernels.MaskClipped(gradients[i], saved.Dequeue(), call.Amax[i]);
        return [.. gradients.Select(t => t.MoveToOuterDisposeScope()), null!];
    }

    // 1 / probability where an element is kept, else 0.
    private static Tensor KeepMask(Tensor p, double probability)
    {
        using TorchSharp.Scalar scale = 1 / probability; // Alive until libtorch has read it.
        return empty_like(p).bernoulli_(probability).mul_(scale);
    }

    /// <summary>Parameters, in the order query, key, value, and what the pass saw.</summary>
    internal sealed class Call
    {
        internal required TokenLayout Layout { get; init; }

        internal required int Heads { get; init; }

        internal required double Dropout { get; init; }

        internal required QuantizationParameters[] Parameters { get; init; }

        internal required float[] Amax { get; init; }

        /// <summary>Receives the three code tensors [B·A, S, D] during the pass.</summary>
        internal Action<Tensor[]>? Captured { get; init; }

        /// <summary>Largest |x| of the batch.</summary>
        internal float[] SeenAmax { get; } = new float[3];

        internal bool IsClipped(int i) => SeenAmax[i] > Amax[i];
    }
}

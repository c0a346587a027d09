using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Attention of one head of one sequence, as specified by <see cref="IntegerSoftmax"/>.</summary>
internal static unsafe partial class Attention
{
    public static void Scalar(in AttentionArguments a, AttentionWork work, WorkerScratch scratch)
    {
        int length = work.Length, d = a.HeadDim;
        nint head = a.Layout.IndexOf(work.Start, work.Head * d), context = a.Context.Layout.IndexOf(work.Start, work.Head * d), stride = a.Layout.Width;
        var scratchBytes = scratch.Get(length * (sizeof(int) + 1L));
        var scores = new Span<int>(scratchBytes, length);
        var codes = new Span<byte>(scratchBytes + length * sizeof(int), length);
        for (var i = work.QueryBegin; i < work.QueryEnd; i++)
        {
            var query = new ReadOnlySpan<sbyte>(a.Query + head + i * stride, d);
            for (var j = 0; j < length; j++)
                scores[j] = IntegerGemm.Dot(query, new ReadOnlySpan<sbyte>(a.Key + head + j * stride, d));
            var z = IntegerSoftmax.Codes(scores, a.ScoreMultiplier, codes);
            for (var c = 0; c < d; c++)
            {
                var value = a.Value + head + c;
                var acc = 0;
                for (var j = 0; j < length; j++) acc += codes[j] * value[j * stride];
                Store(a.Context, context + (nint)i * a.Context.Layout.Width + c, IntegerSoftmax.Context(acc, a.ValueScale, z));
            }
        }
    }

    private static void Store(Codes context, nint index, float value)
    {
        if (context.Width == CodeWidth.Int8) context.Int8[index] = AffineQuantizer.Quantize(value, context.Quantizer.InverseScale);
        else context.Int16[index] = AffineQuantizer.QuantizeInt16(value, context.Quantizer.InverseScale);
    }
}

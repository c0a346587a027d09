using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Attention of one head of one sequence, as specified by <see cref="IntegerSoftmax"/>.</summary>
internal static unsafe partial class Attention
{
    public static void Scalar(in AttentionArguments a, AttentionWork work, WorkerScratch scratch)
    {
        int length = work.Length, d = a.HeadDim;
        nint head = a.Key.Layout.IndexOf(work.Start, work.Head * d), context = a.Context.Layout.IndexOf(work.Start, work.Head * d), stride = a.Key.Layout.Width;
        var scratchBytes = scratch.Get(length * (sizeof(int) + 1L));
        var scores = new Span<int>(scratchBytes, length);
        var codes = new Span<byte>(scratchBytes + length * sizeof(int), length);
        for (var i = work.QueryBegin; i < work.QueryEnd; i++)
        {
            var query = new ReadOnlySpan<sbyte>(a.Query.Int8 + head + i * stride, d);
            for (var j = 0; j < length; j++)
                scores[j] = IntegerGemm.Dot(query, new ReadOnlySpan<sbyte>(a.Key.Int8 + head + j * stride, d));
            var z = IntegerSoftmax.Codes(scores, a.ScoreMultiplier, codes);
            for (var c = 0; c < d; c++)
            {
                var value = a.Value.Int8 + head + c;
                var acc = 0;
                for (var j = 0; j < length; j++) acc += codes[j] * value[j * stride];
                Quantize.Scalar(IntegerSoftmax.Context(acc, a.Value.Quantizer.Scale, z), a.Context, context + (nint)i * a.Context.Layout.Width + c);
            }
        }
    }
}

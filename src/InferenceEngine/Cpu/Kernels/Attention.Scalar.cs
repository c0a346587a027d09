using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Attention of one head of one sequence, as specified by <see cref="IntegerSoftmax"/>.</summary>
internal static unsafe partial class Attention
{
    public static void Scalar(in AttentionArguments a, AttentionWork work, WorkerScratch scratch)
    {
        int length = work.Length, d = a.HeadDim, column = work.Head * d;
        var scratchBytes = scratch.Get(length * (sizeof(int) + 1L));
        var scores = new Span<int>(scratchBytes, length);
        var codes = new Span<byte>(scratchBytes + length * sizeof(int), length);
        for (var i = work.QueryBegin; i < work.QueryEnd; i++)
        {
            var query = new ReadOnlySpan<sbyte>(a.Query + (nint)(work.Start + i) * a.Hidden + column, d);
            for (var j = 0; j < length; j++)
                scores[j] = IntegerGemm.Dot(query, new ReadOnlySpan<sbyte>(a.Key + (nint)(work.Start + j) * a.Hidden + column, d));
            var z = IntegerSoftmax.Codes(scores, a.ScoreMultiplier, codes);
            for (var c = 0; c < d; c++)
            {
                var value = a.Value + (nint)work.Start * a.Hidden + column + c;
                var acc = 0;
                for (var j = 0; j < length; j++) acc += codes[j] * value[(nint)j * a.Hidden];
                Store(a.Context, (nint)(work.Start + i) * a.Hidden + column + c, IntegerSoftmax.Context(acc, a.ValueScale, z));
            }
        }
    }

    private static void Store(Codes context, nint index, float value)
    {
        if (context.Width == CodeWidth.Int8) context.Int8[index] = AffineQuantizer.Quantize(value, context.Quantizer.InverseScale);
        else context.Int16[index] = AffineQuantizer.QuantizeInt16(value, context.Quantizer.InverseScale);
    }
}

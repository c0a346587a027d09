using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;
using QatKit.Quantization.Layout;
using static TorchSharp.torch;

namespace QatKit.Quantization.Kernels;

/// <summary>Attention: [T, H] by head and back, probability codes, context.</summary>
internal sealed unsafe partial class SimdKernels
{
    public (Tensor Codes, float AbsMax) QuantizeHeads(Tensor x, float inverseScale, TokenLayout layout, int heads)
    {
        using var input = x.contiguous();
        var (s, d, output) = Heads(input, layout, heads);
        float* from = TensorMemory.Pointer(input), to = TensorMemory.Pointer(output);
        var max = RowParallel.Max(layout.Sequences, output.numel(), (start, end) =>
        {
            var largest = 0f;
            foreach (var (token, slot) in Rows(layout, heads, start, end, s, d))
            {
                if (token < 0) new Span<float>(to + slot, d).Clear();
                else largest = MathF.Max(largest, QuantizeRange(from + token, to + slot, 0, d, inverseScale, NumericsContract.Int8Max));
            }

            return largest;
        });
        return (output, max);
    }

    public Tensor SplitHeads(Tensor x, Tensor z, TokenLayout layout, int heads)
    {
        using var input = x.contiguous();
        var (s, d, output) = Heads(input, layout, heads);
        float* from = TensorMemory.Pointer(input), to = TensorMemory.Pointer(output), sums = TensorMemory.Pointer(z);
        RowParallel.For(layout.Sequences, output.numel(), (start, end) =>
        {
            foreach (var (token, slot) in Rows(layout, heads, start, end, s, d))
            {
                if (token < 0) new Span<float>(to + slot, d).Clear();
                else Scale(from + token, to + slot, d, 1f / sums[slot / d]);
            }
        });
        return output;
    }

    public Tensor MergeHeads(Tensor x, float factor, TokenLayout layout, int heads)
    {
        using var input = x.contiguous();
        int s = layout.Longest, d = (int)input.shape[2];
        var output = empty(layout.Tokens, heads * d);
        float* from = TensorMemory.Pointer(input), to = TensorMemory.Pointer(output);
        RowParallel.For(layout.Sequences, output.numel(), (start, end) =>
        {
            foreach (var (token, slot) in Rows(layout, heads, start, end, s, d))
                if (token >= 0) Scale(from + slot, to + token, d, factor);
        });
        return output;
    }

    public Tensor Softmax(Tensor scores, float multiplier, TokenLayout layout, int heads)
    {
        var s = layout.Longest;
        var z = empty(scores.shape[0], s);
        float* p = TensorMemory.Pointer(scores), sums = TensorMemory.Pointer(z);
        RowParallel.For(scores.shape[0] * s, scores.numel(), (start, end) =>
        {
            for (var row = start; row < end; row++)
            {
                var length = layout.Lengths[row / s / heads];
                var codes = p + row * s;
                var valid = row % s < length;
                sums[row] = valid ? SoftmaxRow(codes, length, multiplier) : 1;
                new Span<float>(codes + (valid ? length : 0), valid ? s - length : s).Clear();
            }
        });
        return z;
    }

    public Tensor Context(Tensor accumulators, Tensor z, float valueScale, TokenLayout layout, int heads)
    {
        using var input = accumulators.contiguous();
        int s = layout.Longest, d = (int)input.shape[2];
        var output = empty(layout.Tokens, heads * d);
        float* from = TensorMemory.Pointer(input), to = TensorMemory.Pointer(output), sums = TensorMemory.Pointer(z);
        RowParallel.For(layout.Sequences, output.numel(), (start, end) =>
        {
            foreach (var (token, slot) in Rows(layout, heads, start, end, s, d))
                if (token >= 0) Scale(from + slot, to + token, d, valueScale / sums[slot / d]);
        });
        return output;
    }

    public void SoftmaxBackward(Tensor gradient, Tensor codes, Tensor z)
    {
        var s = codes.shape[2];
        float* g = TensorMemory.Pointer(gradient), p = TensorMemory.Pointer(codes), sums = TensorMemory.Pointer(z);
        RowParallel.For(codes.shape[0] * s, codes.numel(), (start, end) =>
        {
            for (var row = start; row < end; row++)
            {
                float* gr = g + row * s, pr = p + row * s;
                var dot = Vector256<float>.Zero;
                long j = 0;
                for (; j <= s - Lanes; j += Lanes) dot = Vector256.FusedMultiplyAdd(Vector256.Load(gr + j), Vector256.Load(pr + j), dot);
                var mean = Vector256.Sum(dot);
                for (; j < s; j++) mean += gr[j] * pr[j];
                mean /= sums[row];
                var mean8 = Vector256.Create(mean);
                for (j = 0; j <= s - Lanes; j += Lanes) (Vector256.Load(pr + j) * (Vector256.Load(gr + j) - mean8)).Store(gr + j);
                for (; j < s; j++) gr[j] = pr[j] * (gr[j] - mean);
            }
        });
    }

    private static (int S, int D, Tensor Output) Heads(Tensor input, TokenLayout layout, int heads)
    {
        var d = (int)(input.shape[1] / heads);
        return (layout.Longest, d, empty(layout.Sequences * heads, layout.Longest, d));
    }

    // Offsets of each head's row of D values in [T, H] (−1 for padding) and in [B·A, S, D], for sequences [start, end).
    private static IEnumerable<(long Token, long Slot)> Rows(TokenLayout layout, int heads, long start, long end, int s, int d)
    {
        for (var b = start; b < end; b++)
            for (var head = 0; head < heads; head++)
                for (var i = 0; i < s; i++)
                    yield return (i < layout.Lengths[b] ? ((layout.Offsets[b] + i) * (long)heads + head) * d : -1, ((b * heads + head) * s + i) * d);
    }

    private static void Scale(float* from, float* to, int count, float factor)
    {
        var factor8 = Vector256.Create(factor);
        var i = 0;
        for (; i <= count - Lanes; i += Lanes) (Vector256.Load(from + i) * factor8).Store(to + i);
        for (; i < count; i++) to[i] = from[i] * factor;
    }

    // Scores are integers below 2^24 and so are the codes' sum (S ≤ 65 536): float32 holds them exactly.
    private static float SoftmaxRow(float* scores, int length, float multiplier)
    {
        var max = float.NegativeInfinity;
        for (var j = 0; j < length; j++) max = MathF.Max(max, scores[j]);
        Vector256<float> max8 = Vector256.Create(max), m8 = Vector256.Create(multiplier), top = Vector256.Create((float)NumericsContract.ProbabilityMax);
        var sum = Vector256<float>.Zero;
        var i = 0;
        for (; i <= length - Lanes; i += Lanes)
        {
            var p = Vector256.Round(top * VectorMath.Exp2((Vector256.Load(scores + i) - max8) * m8));
            p.Store(scores + i);
            sum += p;
        }

        var z = Vector256.Sum(sum);
        for (; i < length; i++)
        {
            scores[i] = MathF.Round(NumericsContract.ProbabilityMax * ElementwiseFunctions.Exp2((scores[i] - max) * multiplier), MidpointRounding.ToEven);
            z += scores[i];
        }

        return z;
    }
}

using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;
using static TorchSharp.torch;

namespace QatKit.Quantization.Kernels;

/// <summary>One pass over CPU memory per operation: eight lanes, then the scalar contract for the remainder.</summary>
/// <remarks>Every output element is computed by the operations of <c>QatKit.Core.Numerics</c> in the same order, so its bits
/// do not depend on lanes or threads. This part: quantizing and the epilogue.</remarks>
internal sealed unsafe partial class SimdKernels : IKernelSet
{
    private const int Lanes = 8;

    public (Tensor Codes, float AbsMax) Quantize(Tensor x, float inverseScale, int maxCode)
    {
        using var input = x.contiguous();
        var codes = empty_like(input);
        float* from = TensorMemory.Pointer(input), to = TensorMemory.Pointer(codes);
        var max = RowParallel.Max(input.numel(), input.numel(), (start, end) => QuantizeRange(from, to, start, end, inverseScale, maxCode));
        return (codes, max);
    }

    public Tensor MaskClipped(Tensor gradient, Tensor x, float amax)
    {
        using var g = gradient.contiguous();
        using var input = x.contiguous();
        var output = empty_like(g);
        float* from = TensorMemory.Pointer(g), values = TensorMemory.Pointer(input), to = TensorMemory.Pointer(output);
        RowParallel.For(g.numel(), g.numel(), (start, end) =>
        {
            var limit = Vector256.Create(amax);
            var i = start;
            for (; i <= end - Lanes; i += Lanes)
            {
                var inside = Vector256.LessThanOrEqual(Vector256.Abs(Vector256.Load(values + i)), limit);
                (Vector256.Load(from + i) & inside).Store(to + i);
            }

            for (; i < end; i++) to[i] = MathF.Abs(values[i]) <= amax ? from[i] : 0;
        });
        return output;
    }

    public (Tensor Codes, Tensor Scale) QuantizeRows(Tensor weight, int maxCode)
    {
        using var input = weight.contiguous();
        long rows = input.shape[0], columns = input.shape[1];
        var codes = empty_like(input, requires_grad: false);
        var scale = empty(rows);
        float* from = TensorMemory.Pointer(input), to = TensorMemory.Pointer(codes), scales = TensorMemory.Pointer(scale);
        RowParallel.For(rows, rows * columns, (start, end) =>
        {
            for (var r = start; r < end; r++)
            {
                var amax = AbsMax.Of(new ReadOnlySpan<float>(from + r * columns, (int)columns));
                scales[r] = amax == 0 ? 1f : amax / maxCode;
                QuantizeRange(from, to, r * columns, (r + 1) * columns, 1f / scales[r], maxCode);
            }
        });
        return (codes, scale);
    }

    public void Epilogue(Tensor accumulators, float inputScale, Tensor weightScale, Tensor bias)
    {
        long rows = accumulators.shape[0], n = accumulators.shape[1];
        float* y = TensorMemory.Pointer(accumulators), b = TensorMemory.Pointer(bias);
        var multipliers = TensorMemory.Span(weightScale).ToArray();
        for (var i = 0; i < multipliers.Length; i++) multipliers[i] = IntegerGemm.Multiplier(inputScale, multipliers[i]);
        RowParallel.For(rows, rows * n, (start, end) =>
        {
            fixed (float* m = multipliers)
            {
                for (var r = start; r < end; r++)
                {
                    var row = y + r * n;
                    long i = 0;

                    // A float product of codes may be −0, which an integer is not: adding 0 makes it 0.
                    for (; i <= n - Lanes; i += Lanes)
                        Vector256.FusedMultiplyAdd(Vector256.Load(row + i) + Vector256<float>.Zero, Vector256.Load(m + i), Vector256.Load(b + i)).Store(row + i);
                    for (; i < n; i++) row[i] = MathF.FusedMultiplyAdd(row[i] + 0f, m[i], b[i]);
                }
            }
        });
    }

    // Elements [start, end) to codes; returns the largest |x|.
    private static float QuantizeRange(float* from, float* to, long start, long end, float inverseScale, int maxCode)
    {
        var inverse = Vector256.Create(inverseScale);
        var limit = Vector256.Create((float)maxCode);
        var largest = Vector256<float>.Zero;
        var i = start;
        for (; i <= end - Lanes; i += Lanes)
        {
            var x = Vector256.Load(from + i);
            largest = Vector256.Max(largest, Vector256.Abs(x));
            VectorMath.Quantize(x, inverse, limit).Store(to + i);
        }

        var max = AbsMax.Across(largest);
        for (; i < end; i++)
        {
            max = MathF.Max(max, MathF.Abs(from[i]));
            to[i] = maxCode == NumericsContract.Int8Max ? AffineQuantizer.Quantize(from[i], inverseScale) : AffineQuantizer.QuantizeInt16(from[i], inverseScale);
        }

        return max;
    }
}

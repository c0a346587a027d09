using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;
using static TorchSharp.torch;

namespace QatKit.Quantization.Kernels;

/// <summary>LayerNorm.</summary>
internal sealed unsafe partial class SimdKernels
{
    // Gradients of gamma and beta are summed per block of this many rows and then over blocks, so that the result
    // does not depend on the number of threads.
    private const int RowsPerBlock = 256;

    public (Tensor Output, Tensor Normalized, Tensor ReciprocalStd, float AbsMax) LayerNorm(
        Tensor residual, Tensor gamma, Tensor beta, int exponent, double epsilon)
    {
        using var input = residual.contiguous();
        long rows = input.shape[0];
        var hidden = (int)input.shape[1];
        Tensor output = empty_like(input), normalized = empty_like(input), reciprocalStd = empty(rows);
        float* r = TensorMemory.Pointer(input), y = TensorMemory.Pointer(output), x = TensorMemory.Pointer(normalized),
            std = TensorMemory.Pointer(reciprocalStd), g = TensorMemory.Pointer(gamma), b = TensorMemory.Pointer(beta);
        var grid = IntegerLayerNorm.GridScale(exponent);
        var epsilonTerm = IntegerLayerNorm.EpsilonTerm(epsilon, hidden, exponent);
        var max = RowParallel.Max(rows, rows * hidden, (start, end) =>
        {
            var largest = 0f;
            for (var t = start; t < end; t++)
            {
                var (rs, amax) = NormalizeRow(r + t * hidden, g, b, x + t * hidden, y + t * hidden, hidden, grid, epsilonTerm);
                // rs is 1/(H·2^k·std): the statistics are over H·r_fix.
                std[t] = rs * hidden * grid;
                largest = MathF.Max(largest, amax);
            }

            return largest;
        });
        return (output, normalized, reciprocalStd, max);
    }

    public (Tensor Residual, Tensor Gamma, Tensor Beta) LayerNormBackward(Tensor gradient, Tensor normalized, Tensor reciprocalStd, Tensor gamma)
    {
        using var incoming = gradient.contiguous();
        long rows = incoming.shape[0];
        var hidden = (int)incoming.shape[1];
        var blocks = (rows + RowsPerBlock - 1) / RowsPerBlock;
        var output = empty_like(incoming);
        Tensor dGamma = zeros(blocks, hidden), dBeta = zeros(blocks, hidden);
        float* g = TensorMemory.Pointer(incoming), x = TensorMemory.Pointer(normalized), std = TensorMemory.Pointer(reciprocalStd),
            gm = TensorMemory.Pointer(gamma), dr = TensorMemory.Pointer(output), dg = TensorMemory.Pointer(dGamma), db = TensorMemory.Pointer(dBeta);
        RowParallel.For(blocks, rows * hidden, (start, end) =>
        {
            for (var block = start; block < end; block++)
                for (var t = block * RowsPerBlock; t < Math.Min(rows, (block + 1) * RowsPerBlock); t++)
                    BackwardRow(g + t * hidden, x + t * hidden, std[t], gm, dr + t * hidden, dg + block * hidden, db + block * hidden, hidden);
        });
        using (dGamma)
        using (dBeta) return (output, dGamma.sum([0]), dBeta.sum([0]));
    }

    // One row of IntegerLayerNorm.Normalize. The integers (|r_fix| < 2^20, H ≤ 2048) and their sums (S2 < 2^51) are exact
    // in float64, so its order of addition does not matter.
    private static (float Rs, float AbsMax) NormalizeRow(float* r, float* gamma, float* beta, float* x, float* y, int hidden, float grid, float epsilonTerm)
    {
        var scale = Vector256.Create(grid);
        var limit = Vector256.Create((float)NumericsContract.LayerNormFixedMax);
        var largest = Vector256<float>.Zero;
        Vector256<double> sum = default, squares = default;
        var i = 0;
        for (; i <= hidden - Lanes; i += Lanes)
        {
            var value = Vector256.Load(r + i);
            largest = Vector256.Max(largest, Vector256.Abs(value));
            var f = VectorMath.Quantize(value, scale, limit);
            f.Store(x + i); // r_fix, until it is normalised below
            var (low, high) = Vector256.Widen(f);
            sum += low + high;
            squares = Vector256.FusedMultiplyAdd(low, low, Vector256.FusedMultiplyAdd(high, high, squares));
        }

        double s1 = Vector256.Sum(sum), s2 = Vector256.Sum(squares);
        var amax = AbsMax.Across(largest);
        for (; i < hidden; i++)
        {
            amax = MathF.Max(amax, MathF.Abs(r[i]));
            x[i] = IntegerLayerNorm.ToFixed(r[i], grid);
            s1 += x[i];
            s2 += (double)x[i] * x[i];
        }

        var rs = IntegerLayerNorm.ReciprocalStd((long)s1, (long)s2, hidden, epsilonTerm);
        Vector256<double> h64 = Vector256.Create((double)hidden), s64 = Vector256.Create(s1);
        var rs32 = Vector256.Create(rs);
        for (i = 0; i <= hidden - Lanes; i += Lanes)
        {
            // n = H·r_fix − S1, exact in float64, rounded once to float32.
            var (low, high) = Vector256.Widen(Vector256.Load(x + i));
            var n = Vector256.Narrow(h64 * low - s64, h64 * high - s64) * rs32;
            n.Store(x + i);
            Vector256.FusedMultiplyAdd(n, Vector256.Load(gamma + i), Vector256.Load(beta + i)).Store(y + i);
        }

        for (; i < hidden; i++)
        {
            x[i] = (float)((double)hidden * x[i] - s1) * rs;
            y[i] = MathF.FusedMultiplyAdd(x[i], gamma[i], beta[i]);
        }

        return (rs, amax);
    }

    // dr = (g·gamma − mean(g·gamma) − x·mean(g·gamma·x)) / std.
    private static void BackwardRow(float* g, float* x, float reciprocalStd, float* gamma, float* dr, float* dGamma, float* dBeta, int hidden)
    {
        Vector256<float> sum = default, product = default;
        var i = 0;
        for (; i <= hidden - Lanes; i += Lanes)
        {
            Vector256<float> gi = Vector256.Load(g + i), xi = Vector256.Load(x + i), scaled = gi * Vector256.Load(gamma + i);
            sum += scaled;
            product = Vector256.FusedMultiplyAdd(scaled, xi, product);
            Vector256.FusedMultiplyAdd(gi, xi, Vector256.Load(dGamma + i)).Store(dGamma + i);
            (gi + Vector256.Load(dBeta + i)).Store(dBeta + i);
        }

        float s = Vector256.Sum(sum), p = Vector256.Sum(product);
        for (; i < hidden; i++)
        {
            s += g[i] * gamma[i];
            p += g[i] * gamma[i] * x[i];
            dGamma[i] += g[i] * x[i];
            dBeta[i] += g[i];
        }

        float mean = s / hidden, slope = p / hidden;
        Vector256<float> mean8 = Vector256.Create(mean), slope8 = Vector256.Create(-slope), std8 = Vector256.Create(reciprocalStd);
        for (i = 0; i <= hidden - Lanes; i += Lanes)
        {
            var centred = Vector256.Load(g + i) * Vector256.Load(gamma + i) - mean8;
            (Vector256.FusedMultiplyAdd(Vector256.Load(x + i), slope8, centred) * std8).Store(dr + i);
        }

        for (; i < hidden; i++) dr[i] = (g[i] * gamma[i] - mean - x[i] * slope) * reciprocalStd;
    }
}

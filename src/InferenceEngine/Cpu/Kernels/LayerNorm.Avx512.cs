using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

// Why every sum and every conversion is exact is said at the 256-bit version; a lane here sums up half as many values.
// The last sixteen values may overlap the sixteen before: only new lanes are summed, and the others are stored again with the same bits.
internal static unsafe partial class LayerNorm
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Avx512(PackedLayerNorm norm, float* residual, float* output, WorkerScratch scratch)
    {
        var hidden = norm.Hidden;
        if (hidden < 16)
        {
            Avx2(norm, residual, output, scratch);
            return;
        }

        var last = hidden - 16;
        var fixedPoint = (int*)scratch.Get(hidden * sizeof(int));
        var (s1, s2) = Sums512(residual, last, norm.GridScale, fixedPoint);
        var rs = Vector512.Create(IntegerLayerNorm.ReciprocalStd(s1, s2, hidden, norm.EpsilonTerm));
        float* gamma = (float*)norm.Gamma.Pointer, beta = (float*)norm.Beta.Pointer;
        if (hidden <= MaxHiddenForInt32)
        {
            for (var i = 0; i < last; i += 16) Finish(InInt32(fixedPoint + i, hidden, s1), rs, gamma + i, beta + i, output + i);
            Finish(InInt32(fixedPoint + last, hidden, s1), rs, gamma + last, beta + last, output + last);
        }
        else
        {
            for (var i = 0; i < last; i += 16) Finish(InFloat64(fixedPoint + i, hidden, s1), rs, gamma + i, beta + i, output + i);
            Finish(InFloat64(fixedPoint + last, hidden, s1), rs, gamma + last, beta + last, output + last);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (long S1, long S2) Sums512(float* residual, int last, float gridScale, int* fixedPoint)
    {
        var grid = Vector512.Create(gridScale);
        var max = Vector512.Create((float)NumericsContract.LayerNormFixedMax);
        var sum = Vector512<int>.Zero;
        var squares = Vector512<long>.Zero;
        var i = 0;
        for (; i < last; i += 16)
        {
            var f = Quantize.Avx512(Vector512.Load(residual + i), grid, max);
            f.Store(fixedPoint + i);
            sum += f;
            squares += Squares(f);
        }

        var end = Quantize.Avx512(Vector512.Load(residual + last), grid, max);
        end.Store(fixedPoint + last);
        end &= Vector512.GreaterThanOrEqual(Vector512<int>.Indices, Vector512.Create(i - last));
        return (Vector512.Sum(sum + end), Vector512.Sum(squares + Squares(end)));
    }

    // Of even lanes plus those of odd lanes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<long> Squares(Vector512<int> f)
    {
        var high = Vector512.ShiftRightLogical(f.AsInt64(), 32).AsInt32();
        return Lanes512.MultiplyEven(f, f) + Lanes512.MultiplyEven(high, high);
    }

    // (float)(H·f − S1).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> InInt32(int* fixedPoint, int hidden, long s1) =>
        Vector512.ConvertToSingle(Vector512.Load(fixedPoint) * Vector512.Create(hidden) - Vector512.Create((int)s1));

    // Exact as int64 and as float64, and rounded once to float32.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> InFloat64(int* fixedPoint, int hidden, long s1)
    {
        var scaled = Vector512.Load(fixedPoint) * Vector512.Create(hidden);
        var sum = Vector512.Create(s1);
        return Vector512.Narrow(
            Vector512.ConvertToDouble(Vector512.WidenLower(scaled) - sum),
            Vector512.ConvertToDouble(Vector512.WidenUpper(scaled) - sum));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(Vector512<float> n, Vector512<float> rs, float* gamma, float* beta, float* output) =>
        Vector512.FusedMultiplyAdd(n * rs, Vector512.Load(gamma), Vector512.Load(beta)).Store(output);
}

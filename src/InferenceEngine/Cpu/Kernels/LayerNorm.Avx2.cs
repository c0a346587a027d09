using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Simd = System.Runtime.Intrinsics.X86.Avx2;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

// Exactness, with F = 2^20 − 1 the largest |r_fix| and H ≤ 2048:
// * S1: |S1| ≤ H·F ≤ 2^11·(2^20 − 1) < 2^31, so int32 lanes and their sum are exact.
// * S2: squares < 2^40, at most 2^11 of them: int64 lanes (vpmuldq multiplies the even int32 lanes) are exact.
// * n = H·r_fix − S1 = Σ_j (r_fix − r_fix_j): |n| ≤ (H − 1)·2F. For H ≤ 1024 that is < 2^31: int32, and vcvtdq2ps rounds
//   once, like (float)(long)n. For larger H, H·r_fix and S1 fit in int32 (first line), both are exact in float64, so is
//   their difference (< 2^33), and vcvtpd2ps rounds it once.
internal static unsafe partial class LayerNorm
{
    private const int MaxHiddenForInt32 = 1024;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Avx2(PackedLayerNorm norm, float* residual, float* output, WorkerScratch scratch)
    {
        var hidden = norm.Hidden;
        var whole = hidden & ~7;
        var fixedPoint = (int*)scratch.Get(hidden * sizeof(int));
        var (s1, s2) = Sums(residual, whole, norm.GridScale, fixedPoint);
        for (var i = whole; i < hidden; i++)
        {
            var f = IntegerLayerNorm.ToFixed(residual[i], norm.GridScale);
            fixedPoint[i] = f;
            s1 += f;
            s2 += (long)f * f;
        }

        var rs = IntegerLayerNorm.ReciprocalStd(s1, s2, hidden, norm.EpsilonTerm);
        float* gamma = (float*)norm.Gamma.Pointer, beta = (float*)norm.Beta.Pointer;
        for (var i = 0; i < whole; i += 8)
        {
            var scaled = Simd.MultiplyLow(Avx.LoadVector256(fixedPoint + i), Vector256.Create(hidden));
            var n = hidden <= MaxHiddenForInt32
                ? Avx.ConvertToVector256Single(Simd.Subtract(scaled, Vector256.Create((int)s1)))
                : SubtractInFloat64(scaled, s1);
            Fma.MultiplyAdd(Avx.Multiply(n, Vector256.Create(rs)), Avx.LoadVector256(gamma + i), Avx.LoadVector256(beta + i)).Store(output + i);
        }

        for (var i = whole; i < hidden; i++)
        {
            var n = (long)hidden * fixedPoint[i] - s1;
            output[i] = MathF.FusedMultiplyAdd((float)n * rs, gamma[i], beta[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (long S1, long S2) Sums(float* residual, int count, float gridScale, int* fixedPoint)
    {
        var grid = Vector256.Create(gridScale);
        var max = Vector256.Create((float)NumericsContract.LayerNormFixedMax);
        var sum = Vector256<int>.Zero;
        var even = Vector256<long>.Zero;
        var odd = Vector256<long>.Zero;
        for (var i = 0; i < count; i += 8)
        {
            var f = Quantize.Avx2(Avx.LoadVector256(residual + i), grid, max);
            f.Store(fixedPoint + i);
            sum = Simd.Add(sum, f);
            var high = Simd.ShiftRightLogical(f.AsInt64(), 32).AsInt32();
            even = Simd.Add(even, Simd.Multiply(f, f));
            odd = Simd.Add(odd, Simd.Multiply(high, high));
        }

        return (Vector256.Sum(sum), Vector256.Sum(Simd.Add(even, odd)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> SubtractInFloat64(Vector256<int> scaled, long s1)
    {
        var s = Vector256.Create((double)s1);
        var low = Avx.ConvertToVector128Single(Avx.Subtract(Avx.ConvertToVector256Double(scaled.GetLower()), s));
        var high = Avx.ConvertToVector128Single(Avx.Subtract(Avx.ConvertToVector256Double(scaled.GetUpper()), s));
        return Vector256.Create(low, high);
    }
}

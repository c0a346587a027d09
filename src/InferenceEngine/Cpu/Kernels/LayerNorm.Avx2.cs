using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Simd = System.Runtime.Intrinsics.X86.Avx2;

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

    /// <summary>Sums of sixteen values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RowSums SumsOf(Vector256<int> f0, Vector256<int> f1) =>
        new(Vector256.Sum(Simd.Add(f0, f1)), Vector256.Sum(Simd.Add(Squares(f0), Squares(f1))));

    /// <summary>Squares of even lanes plus those of odd lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<long> Squares(Vector256<int> f)
    {
        var high = Simd.ShiftRightLogical(f.AsInt64(), 32).AsInt32();
        return Simd.Add(Simd.Multiply(f, f), Simd.Multiply(high, high));
    }

    /// <summary>Values begin .. end − 1 of a row, in place, the first of which is <paramref name="values"/>[0].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Avx2(PackedLayerNorm norm, RowStatistics statistics, int* values, int begin, int end)
    {
        var rs = Vector256.Create(statistics.ReciprocalStd);
        var hidden = Vector256.Create(norm.Hidden);
        float* gamma = (float*)norm.Gamma.Pointer, beta = (float*)norm.Beta.Pointer;
        var i = begin;
        for (; i + 8 <= end; i += 8)
        {
            var scaled = Simd.MultiplyLow(Avx.LoadVector256(values + i - begin), hidden);
            var n = norm.Hidden <= MaxHiddenForInt32
                ? Avx.ConvertToVector256Single(Simd.Subtract(scaled, Vector256.Create((int)statistics.S1)))
                : SubtractInFloat64(scaled, statistics.S1);
            Fma.MultiplyAdd(Avx.Multiply(n, rs), Avx.LoadVector256(gamma + i), Avx.LoadVector256(beta + i)).Store((float*)values + i - begin);
        }

        Scalar(norm, statistics, values + i - begin, i, end);
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

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

// Four rows side by side.
internal static unsafe partial class Softmax
{
    private const int RowsAtOnce = 4;

    /// <summary>See <see cref="IVectorOperations.Softmax"/>.</summary>
    public static void Avx512(int* scores, nint stride, int rows, int count, float scoreMultiplier, byte* codes, nint codeStride, int* z)
    {
        for (var r = 0; r < rows; r += RowsAtOnce)
        {
            // The last row stands in for those that are missing.
            var last = Math.Min(RowsAtOnce, rows - r) - 1;
            int i1 = Math.Min(1, last), i2 = Math.Min(2, last);
            Rows(scores + r * stride, i1 * stride, i2 * stride, last * stride, count, scoreMultiplier, codes + r * codeStride, i1 * codeStride, i2 * codeStride, last * codeStride,
                z + r, i1, i2, last);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows(
        int* scores, nint s1, nint s2, nint s3, int count, float scoreMultiplier, byte* codes, nint c1, nint c2, nint c3, int* z, int z1, int z2, int z3)
    {
        // The last vector stands outside of the loops: its lanes beyond the end must neither win nor count.
        nint last = (count - 1) & ~15;
        var valid = Vector512.GreaterThan(Vector512.Create(count - (int)last), Vector512<int>.Indices);
        var end = scores + last;
        Vector512<int> max0 = Valid(end, valid), max1 = Valid(end + s1, valid), max2 = Valid(end + s2, valid), max3 = Valid(end + s3, valid);
        for (var at = scores; at < end; at += 16)
        {
            max0 = Vector512.Max(max0, Vector512.Load(at));
            max1 = Vector512.Max(max1, Vector512.Load(at + s1));
            max2 = Vector512.Max(max2, Vector512.Load(at + s2));
            max3 = Vector512.Max(max3, Vector512.Load(at + s3));
        }

        max0 = Vector512.Create(Largest(max0));
        max1 = Vector512.Create(Largest(max1));
        max2 = Vector512.Create(Largest(max2));
        max3 = Vector512.Create(Largest(max3));
        var multiplier = Vector512.Create(scoreMultiplier);
        Vector512<int> sum0 = Vector512<int>.Zero, sum1 = sum0, sum2 = sum0, sum3 = sum0;
        for (; scores <= end; scores += 16, codes += 16)
        {
            Vector512<int> p0 = Vector512.Load(scores) - max0, p1 = Vector512.Load(scores + s1) - max1, p2 = Vector512.Load(scores + s2) - max2, p3 = Vector512.Load(scores + s3) - max3;
            Probabilities(ref p0, ref p1, ref p2, ref p3, multiplier);
            if (scores == end)
            {
                p0 &= valid;
                p1 &= valid;
                p2 &= valid;
                p3 &= valid;
            }

            sum0 += p0;
            sum1 += p1;
            sum2 += p2;
            sum3 += p3;
            Lanes512.ToUInt8(p0).Store(codes);
            Lanes512.ToUInt8(p1).Store(codes + c1);
            Lanes512.ToUInt8(p2).Store(codes + c2);
            Lanes512.ToUInt8(p3).Store(codes + c3);
        }

        z[0] = Vector512.Sum(sum0);
        z[z1] = Vector512.Sum(sum1);
        z[z2] = Vector512.Sum(sum2);
        z[z3] = Vector512.Sum(sum3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Valid(int* scores, Vector512<int> valid) => Vector512.ConditionalSelect(valid, Vector512.Load(scores), Vector512.Create(int.MinValue));

    // rint(255 · 2^(delta · m)).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Probabilities(ref Vector512<int> p0, ref Vector512<int> p1, ref Vector512<int> p2, ref Vector512<int> p3, Vector512<float> multiplier)
    {
        Vector512<float> t0 = Vector512.ConvertToSingle(p0) * multiplier, t1 = Vector512.ConvertToSingle(p1) * multiplier,
            t2 = Vector512.ConvertToSingle(p2) * multiplier, t3 = Vector512.ConvertToSingle(p3) * multiplier;
        Exponential.Avx512(ref t0, ref t1, ref t2, ref t3);
        var one = Vector512.Create((float)NumericsContract.ProbabilityMax);
        p0 = Lanes512.RoundToInt32(t0 * one);
        p1 = Lanes512.RoundToInt32(t1 * one);
        p2 = Lanes512.RoundToInt32(t2 * one);
        p3 = Lanes512.RoundToInt32(t3 * one);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Largest(Vector512<int> v)
    {
        var eight = Vector256.Max(v.GetLower(), v.GetUpper());
        var four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        four = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Softmax
{
    /// <summary>See <see cref="IVectorOperations.Softmax"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Avx512(int* scores, nint stride, int rows, int count, float scoreMultiplier, byte* codes, nint codeStride, int* z)
    {
        // The largest of every row first: a row by itself would wait for its own from end to end.
        // The last vector stands outside of the loops: its lanes beyond the end must neither win nor count.
        nint last = (count - 1) & ~15;
        var valid = Vector512.GreaterThan(Vector512.Create(count - (int)last), Vector512<int>.Indices);
        for (var r = 0; r < rows; r++)
        {
            var row = scores + r * stride;
            var largest = Vector512.ConditionalSelect(valid, Vector512.Load(row + last), Vector512.Create(int.MinValue));
            for (nint i = 0; i < last; i += 16) largest = Vector512.Max(largest, Vector512.Load(row + i));
            z[r] = Largest(largest);
        }

        var multiplier = Vector512.Create(scoreMultiplier);
        for (var r = 0; r < rows; r++)
        {
            var row = scores + r * stride;
            var destination = codes + r * codeStride;
            var max = Vector512.Create(z[r]);
            var sum = Vector512<int>.Zero;
            for (nint i = 0; i < last; i += 16)
            {
                var p = Probabilities(Vector512.Load(row + i) - max, multiplier);
                sum += p;
                Lanes512.ToUInt8(p).Store(destination + i);
            }

            var end = Probabilities(Vector512.Load(row + last) - max, multiplier) & valid;
            Lanes512.ToUInt8(end).Store(destination + last);
            z[r] = Vector512.Sum(sum + end);
        }
    }

    // rint(255 · 2^(delta · m)), as int32.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Probabilities(Vector512<int> delta, Vector512<float> multiplier) => Lanes512.RoundToInt32(
        Vector512.Create((float)NumericsContract.ProbabilityMax) * Exponential.Avx512(Vector512.ConvertToSingle(delta) * multiplier));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Largest(Vector512<int> v)
    {
        var eight = Vector256.Max(v.GetLower(), v.GetUpper());
        var four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        four = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }
}

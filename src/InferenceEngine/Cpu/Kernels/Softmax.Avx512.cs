using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Softmax
{
    /// <summary>Probability codes of one row of scores, sixteen at a time.</summary>
    /// <param name="scores">Readable up to the next multiple of sixteen; what follows <paramref name="count"/> is ignored.</param>
    /// <param name="count">Scores, at least 1.</param>
    /// <param name="scoreMultiplier">m_qk.</param>
    /// <param name="codes">Receives p, writable up to the next multiple of sixteen; zeros follow <paramref name="count"/>.</param>
    /// <returns>z = Σ p.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Avx512(int* scores, int count, float scoreMultiplier, byte* codes)
    {
        // The last vector stands outside of the loops: its lanes beyond the end must neither win nor count.
        var last = (count - 1) & ~15;
        var valid = Vector512.GreaterThan(Vector512.Create(count - last), Vector512<int>.Indices);
        var largest = Vector512.ConditionalSelect(valid, Vector512.Load(scores + last), Vector512.Create(int.MinValue));
        for (var i = 0; i < last; i += 16) largest = Vector512.Max(largest, Vector512.Load(scores + i));
        var max = Largest(largest);
        var multiplier = Vector512.Create(scoreMultiplier);
        var sum = Vector512<int>.Zero;
        for (var i = 0; i < last; i += 16)
        {
            var p = Probabilities(Vector512.Load(scores + i) - max, multiplier);
            sum += p;
            Lanes512.ToUInt8(p).Store(codes + i);
        }

        var end = Probabilities(Vector512.Load(scores + last) - max, multiplier) & valid;
        Lanes512.ToUInt8(end).Store(codes + last);
        return Vector512.Sum(sum + end);
    }

    // rint(255 · 2^(delta · m)), as int32.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Probabilities(Vector512<int> delta, Vector512<float> multiplier) => Lanes512.RoundToInt32(
        Vector512.Create((float)NumericsContract.ProbabilityMax) * Exponential.Avx512(Vector512.ConvertToSingle(delta) * multiplier));

    // The largest of the lanes, in all lanes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Largest(Vector512<int> v)
    {
        var eight = Vector256.Max(v.GetLower(), v.GetUpper());
        var four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        four = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Lanes512.Broadcast(Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(1, 0, 3, 2))));
    }
}

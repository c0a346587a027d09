using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QatKit.Core.Numerics;
using Simd = System.Runtime.Intrinsics.X86.Avx2;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary><see cref="IntegerSoftmax.Codes"/> on vectors.</summary>
internal static unsafe partial class Softmax
{
    /// <summary>Probability codes of one row of scores.</summary>
    /// <param name="scores">Readable up to the next multiple of eight; what follows <paramref name="count"/> is ignored.</param>
    /// <param name="count">Scores, at least 1.</param>
    /// <param name="scoreMultiplier">m_qk.</param>
    /// <param name="codes">Receives p, writable up to the next multiple of eight; zeros follow <paramref name="count"/>.</param>
    /// <returns>z = Σ p.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Avx2(int* scores, int count, float scoreMultiplier, byte* codes)
    {
        var largest = Vector256.Create(int.MinValue);
        for (var i = 0; i < count; i += 8)
        {
            var s = Avx.LoadVector256(scores + i);
            // Lanes beyond the end must not win.
            if (i + 8 > count) s = Simd.BlendVariable(Vector256.Create(int.MinValue), s, Valid(count - i));
            largest = Simd.Max(largest, s);
        }

        var max = largest.GetElement(0);
        for (var i = 1; i < 8; i++) max = Math.Max(max, largest.GetElement(i));

        var sum = Vector256<int>.Zero;
        for (var i = 0; i < count; i += 8)
        {
            var delta = Simd.Subtract(Avx.LoadVector256(scores + i), Vector256.Create(max));
            var t = Avx.Multiply(Avx.ConvertToVector256Single(delta), Vector256.Create(scoreMultiplier));
            var p = Avx.ConvertToVector256Int32(Avx.Multiply(Vector256.Create((float)NumericsContract.ProbabilityMax), Exponential.Avx2(t)));
            if (i + 8 > count) p = Simd.And(p, Valid(count - i));
            sum = Simd.Add(sum, p);
            // Eight int32 in 0..255 -> eight bytes.
            var words = Sse41.PackUnsignedSaturate(p.GetLower(), p.GetUpper());
            *(long*)(codes + i) = Sse2.PackUnsignedSaturate(words.AsInt16(), words.AsInt16()).AsInt64().ToScalar();
        }

        return Vector256.Sum(sum);
    }

    // Ones in the first `count` lanes.
    private static Vector256<int> Valid(int count) => Simd.CompareGreaterThan(Vector256.Create(count), Vector256<int>.Indices);
}

using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>SIMD element-wise functions against the contract's scalar ones, bit by bit over the floats of their range.</summary>
/// <remarks>Set QATKIT_EXHAUSTIVE=1 for every float32 of every range (minutes) instead of a stride.</remarks>
public sealed class ElementwiseSimdTests
{
    private const int Count = 16;
    private static readonly bool Exhaustive = Environment.GetEnvironmentVariable("QATKIT_EXHAUSTIVE") == "1";

    [Fact]
    public void Exp2_is_exact_over_the_floats_of_minus_127_to_0() =>
        Sweep(-0f, -127f, stride: 61, ElementwiseFunctions.Exp2, Eights(Exponential.Avx2), Sixteen(Exponential.Avx512));

    [Fact]
    public void Gelu_is_exact_over_all_finite_floats()
    {
        Sweep(0f, float.MaxValue, stride: 397, ElementwiseFunctions.Gelu, Pairs(Gelu.Avx2), Fours(Gelu.Avx512));
        Sweep(-0f, float.MinValue, stride: 397, ElementwiseFunctions.Gelu, Pairs(Gelu.Avx2), Fours(Gelu.Avx512));
    }

    [Fact]
    public void Erf_is_exact_where_it_is_not_constant()
    {
        Sweep(1e-3f, 4f, stride: 97, ElementwiseFunctions.Erf, Pairs(Gelu.Erf), Fours(Gelu.Erf));
        Sweep(-1e-3f, -4f, stride: 97, ElementwiseFunctions.Erf, Pairs(Gelu.Erf), Fours(Gelu.Erf));
    }

    [Fact]
    public void Tanh_is_exact_over_all_finite_floats()
    {
        Sweep(0f, float.MaxValue, stride: 397, ElementwiseFunctions.Tanh, Eights(Tanh.Avx2), Sixteen(Tanh.Avx512));
        Sweep(-0f, float.MinValue, stride: 397, ElementwiseFunctions.Tanh, Eights(Tanh.Avx2), Sixteen(Tanh.Avx512));
    }

    // A function of sixteen values, in place.
    private delegate void Lanes(Span<float> x);

    private delegate void Pair(ref Vector256<float> x0, ref Vector256<float> x1);

    private delegate void Four(ref Vector512<float> x0, ref Vector512<float> x1, ref Vector512<float> x2, ref Vector512<float> x3);

    private static Lanes Eights(Func<Vector256<float>, Vector256<float>> function) => x =>
    {
        function(Vector256.Create<float>(x)).CopyTo(x);
        function(Vector256.Create<float>(x[8..])).CopyTo(x[8..]);
    };

    private static Lanes Sixteen(Func<Vector512<float>, Vector512<float>> function) => x => function(Vector512.Create<float>(x)).CopyTo(x);

    // Every value as the first and as the second of a pair.
    private static Lanes Pairs(Pair function) => x =>
    {
        Vector256<float> first = Vector256.Create<float>(x), second = Vector256.Create<float>(x[8..]), secondAgain = first, firstAgain = second;
        function(ref first, ref second);
        function(ref firstAgain, ref secondAgain);
        Assert.Equal(first.AsInt32(), secondAgain.AsInt32());
        Assert.Equal(second.AsInt32(), firstAgain.AsInt32());
        first.CopyTo(x);
        second.CopyTo(x[8..]);
    };

    // Every value as each of four, beside other values.
    private static Lanes Fours(Four function) => x =>
    {
        var x0 = Vector512.Create<float>(x);
        Vector512<float> x1 = Reversed(x0, 15), x2 = Reversed(x0, 1), x3 = Reversed(x0, 8);
        function(ref x0, ref x1, ref x2, ref x3);
        Assert.Equal(x0.AsInt32(), Reversed(x1, 15).AsInt32());
        Assert.Equal(x0.AsInt32(), Reversed(x2, 1).AsInt32());
        Assert.Equal(x0.AsInt32(), Reversed(x3, 8).AsInt32());
        x0.CopyTo(x);
    };

    private static Vector512<float> Reversed(Vector512<float> x, int bits) => Vector512.Shuffle(x, Vector512<int>.Indices ^ Vector512.Create(bits));

    private static void Sweep(float from, float to, uint stride, Func<float, float> scalar, params Lanes[] tiers)
    {
        KernelSets.Require(KernelSet.Avx2);
        if (Exhaustive) stride = 1;
        uint first = BitConverter.SingleToUInt32Bits(from), last = BitConverter.SingleToUInt32Bits(to);
        Span<float> x = stackalloc float[Count], expected = stackalloc float[Count], actual = stackalloc float[Count];
        for (ulong bits = first; bits <= last; bits += Count * stride)
        {
            for (var i = 0; i < Count; i++)
            {
                x[i] = BitConverter.UInt32BitsToSingle((uint)Math.Min(last, bits + (ulong)i * stride));
                expected[i] = scalar(x[i]);
            }

            for (var tier = 0; tier < tiers.Length; tier++)
            {
                x.CopyTo(actual);
                tiers[tier](actual);
                for (var i = 0; i < Count; i++)
                {
                    if (BitConverter.SingleToUInt32Bits(expected[i]) != BitConverter.SingleToUInt32Bits(actual[i]))
                        Assert.Fail($"f({x[i]:R}): scalar {expected[i]:R}, SIMD {actual[i]:R} ({256 << tier} bits).");
                }
            }
        }
    }
}

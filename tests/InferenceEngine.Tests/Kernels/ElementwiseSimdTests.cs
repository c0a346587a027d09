using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>SIMD element-wise functions against the contract's scalar ones, bit by bit over the floats of their range.</summary>
/// <remarks>Set QATKIT_EXHAUSTIVE=1 for every float32 of every range (minutes) instead of a stride.</remarks>
public sealed class ElementwiseSimdTests
{
    private static readonly bool Exhaustive = Environment.GetEnvironmentVariable("QATKIT_EXHAUSTIVE") == "1";

    [Fact]
    public void Exp2_is_exact_over_the_floats_of_minus_127_to_0() =>
        Sweep(BitConverter.SingleToUInt32Bits(-0f), BitConverter.SingleToUInt32Bits(-127f), stride: 61, ElementwiseFunctions.Exp2, Exponential.Avx2);

    [Fact]
    public void Gelu_is_exact_over_all_finite_floats()
    {
        Sweep(0, BitConverter.SingleToUInt32Bits(float.MaxValue), stride: 397, ElementwiseFunctions.Gelu, Both(Gelu.Avx2));
        Sweep(BitConverter.SingleToUInt32Bits(-0f), BitConverter.SingleToUInt32Bits(float.MinValue), stride: 397, ElementwiseFunctions.Gelu, Both(Gelu.Avx2));
    }

    [Fact]
    public void Erf_is_exact_where_it_is_not_constant()
    {
        Sweep(BitConverter.SingleToUInt32Bits(1e-3f), BitConverter.SingleToUInt32Bits(4f), stride: 97, ElementwiseFunctions.Erf, Both(Gelu.Erf));
        Sweep(BitConverter.SingleToUInt32Bits(-1e-3f), BitConverter.SingleToUInt32Bits(-4f), stride: 97, ElementwiseFunctions.Erf, Both(Gelu.Erf));
    }

    [Fact]
    public void Tanh_is_exact_over_all_finite_floats()
    {
        Sweep(0, BitConverter.SingleToUInt32Bits(float.MaxValue), stride: 397, ElementwiseFunctions.Tanh, Tanh.Avx2);
        Sweep(BitConverter.SingleToUInt32Bits(-0f), BitConverter.SingleToUInt32Bits(float.MinValue), stride: 397, ElementwiseFunctions.Tanh, Tanh.Avx2);
    }

    private delegate void Pair(ref Vector256<float> x0, ref Vector256<float> x1);

    // As the first and as the second of a pair, beside other values.
    private static Func<Vector256<float>, Vector256<float>> Both(Pair pair) => x =>
    {
        Vector256<float> first = x, second = x, other = Vector256.Shuffle(x, Vector256.Create(7, 6, 5, 4, 3, 2, 1, 0)), another = other;
        pair(ref first, ref other);
        pair(ref another, ref second);
        Assert.Equal(first.AsInt32(), second.AsInt32());
        return first;
    };

    private static void Sweep(uint first, uint last, uint stride, Func<float, float> scalar, Func<Vector256<float>, Vector256<float>> simd)
    {
        KernelSets.Require(KernelSet.Avx2);
        if (Exhaustive) stride = 1;
        Span<float> x = stackalloc float[8];
        for (ulong bits = first; bits <= last; bits += 8 * stride)
        {
            for (var i = 0; i < 8; i++) x[i] = BitConverter.UInt32BitsToSingle((uint)Math.Min(last, bits + (ulong)i * stride));
            var y = simd(Vector256.Create<float>(x));
            for (var i = 0; i < 8; i++)
            {
                var expected = scalar(x[i]);
                if (BitConverter.SingleToUInt32Bits(expected) != BitConverter.SingleToUInt32Bits(y[i]))
                    Assert.Fail($"f({x[i]:R}): scalar {expected:R}, SIMD {y[i]:R}.");
            }
        }
    }
}

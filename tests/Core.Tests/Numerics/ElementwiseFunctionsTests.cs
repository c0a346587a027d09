using QatKit.Core.Numerics;

namespace QatKit.Core.Tests.Numerics;

/// <summary>The error bounds that the documentation states, over every float32 of the used range.</summary>
public sealed class ElementwiseFunctionsTests
{
    [Fact]
    public void Exp2_is_within_its_bound_for_every_float()
    {
        // t = n + f exactly, so the relative error depends on f alone: all f in [-0.5, 0] (t itself) and, on the
        // coarser grid that t + 1 leaves, all f in (0, 0.5]. Below 2^-22 the result is 1 within half an ulp.
        var worst = WorstError(0x34800000, 0x3F800000, magnitude =>
        {
            var t = -magnitude;
            return Math.Abs(ElementwiseFunctions.Exp2(t) / Math.Pow(2, t) - 1);
        });
        Assert.InRange(worst, 5e-8, 1.8e-7);
    }

    [Fact]
    public void Exp2_scales_by_exact_powers_of_two()
    {
        for (var n = 0; n >= -125; n--)
        {
            for (var f = -0.5f; f <= 0.5f; f += 1f / 64)
            {
                var t = n + f;
                if (t > 0 || MathF.Round(t, MidpointRounding.ToEven) != n) continue;
                Assert.Equal(MathF.ScaleB(ElementwiseFunctions.Exp2(f > 0 ? f - 1 : f), f > 0 ? n + 1 : n), ElementwiseFunctions.Exp2(t));
            }
        }
    }

    [Theory]
    [InlineData(0f, 1f)]
    [InlineData(-1f, 0.5f)]
    [InlineData(-126f, 1.17549435e-38f)]
    [InlineData(-127f, 1.17549435e-38f)]
    [InlineData(-1e30f, 1.17549435e-38f)]
    public void Exp2_special_values(float t, float expected) => Assert.Equal(expected, ElementwiseFunctions.Exp2(t));

    [Fact]
    public void Erf_is_within_its_bound_for_every_float()
    {
        // Below 2^-20 erf is linear to 1e-12 and so is the polynomial.
        var worst = WorstError(0x35800000, BitConverter.SingleToUInt32Bits(4f), z => Math.Abs(ElementwiseFunctions.Erf(z) - Oracle.Erf(z)), stride: 5);
        Assert.InRange(worst, 5e-7, 1e-6);
    }

    [Fact]
    public void Erf_is_odd_and_saturates_exactly()
    {
        for (var z = 0f; z < 6f; z += 1f / 512)
        {
            Assert.Equal(-ElementwiseFunctions.Erf(z), ElementwiseFunctions.Erf(-z));
            if (z >= ElementwiseFunctions.ErfMax) Assert.Equal(1f, ElementwiseFunctions.Erf(z));
        }

        Assert.Equal(1f, ElementwiseFunctions.Erf(ElementwiseFunctions.ErfMax));
        Assert.Equal(-1f, ElementwiseFunctions.Erf(-1e30f));
    }

    [Fact]
    public void Gelu_is_within_its_bound()
    {
        var worst = WorstError(0x35800000, BitConverter.SingleToUInt32Bits(8f),
            x => Math.Max(Error(x), Error(-x)), stride: 11);
        Assert.InRange(worst, 1e-7, 3e-6);

        static double Error(float x) => Math.Abs(ElementwiseFunctions.Gelu(x) - 0.5 * x * (1 + Oracle.Erf(x / Math.Sqrt(2))));
    }

    [Theory]
    [InlineData(100f, 100f)]
    [InlineData(-100f, 0f)]
    [InlineData(0f, 0f)]
    public void Gelu_special_values(float x, float expected) => Assert.Equal(expected, ElementwiseFunctions.Gelu(x));

    [Fact]
    public void Tanh_is_within_its_bound()
    {
        var worst = WorstError(0x30000000, BitConverter.SingleToUInt32Bits(60f),
            x => Math.Max(Math.Abs(ElementwiseFunctions.Tanh(x) - Math.Tanh(x)), Math.Abs(ElementwiseFunctions.Tanh(-x) + ElementwiseFunctions.Tanh(x))), stride: 7);
        Assert.InRange(worst, 5e-8, 3e-7);
    }

    // Largest error over the float bit patterns [from, to), on all cores.
    private static double WorstError(uint from, uint to, Func<float, double> error, uint stride = 1)
    {
        const uint Block = 1 << 18;
        var gate = new Lock();
        var worst = 0.0;
        Parallel.For(0, (to - from + Block - 1) / Block, b =>
        {
            var local = 0.0;
            var end = Math.Min(to, from + ((uint)b + 1) * Block);
            for (var bits = from + (uint)b * Block; bits < end; bits += stride)
            {
                var e = error(BitConverter.UInt32BitsToSingle(bits));
                if (!(e <= local)) local = e; // a NaN must not pass
            }

            lock (gate)
            {
                if (!(local <= worst)) worst = local;
            }
        });
        return worst;
    }
}

using CsCheck;
using QatKit.Core.Numerics;

namespace QatKit.Core.Tests.Numerics;

public sealed class AffineQuantizerTests
{
    [Theory]
    [InlineData(0.5f, 0)]     // ties go to the even code
    [InlineData(1.5f, 2)]
    [InlineData(2.5f, 2)]
    [InlineData(-0.5f, 0)]
    [InlineData(-1.5f, -2)]
    [InlineData(126.5f, 126)]
    [InlineData(127f, 127)]
    [InlineData(127.5f, 127)] // saturates; -128 does not exist
    [InlineData(-127.5f, -127)]
    [InlineData(-1e30f, -127)]
    [InlineData(1e30f, 127)]
    [InlineData(float.Epsilon, 0)]
    [InlineData(-0f, 0)]
    public void Rounds_to_even_and_saturates_at_127(float x, int code) => Assert.Equal(code, AffineQuantizer.Quantize(x, 1f));

    [Fact]
    public void Multiplies_by_the_reciprocal_and_never_divides()
    {
        // A value for which x·(1/s) and x/s round to different codes.
        Gen.Float[0.5f, 2f].Array[2].Sample(v =>
        {
            var p = new QuantizationParameters(v[0] / 127);
            var expected = Math.Clamp((int)MathF.Round(v[1] * (1f / p.Scale), MidpointRounding.ToEven), -127, 127);
            return AffineQuantizer.Quantize(v[1], p.InverseScale) == expected;
        });
        var (s, x) = FindDisagreement();
        var q = new QuantizationParameters(s);
        Assert.Equal((int)MathF.Round(x * (1f / s), MidpointRounding.ToEven), AffineQuantizer.Quantize(x, q.InverseScale));
        Assert.NotEqual((int)MathF.Round(x / s, MidpointRounding.ToEven), AffineQuantizer.Quantize(x, q.InverseScale));
    }

    [Fact]
    public void Plus_and_minus_amax_are_the_end_codes()
    {
        Gen.Float[1e-30f, 1e30f].Sample(amax =>
        {
            var p = QuantizationParameters.FromAmax(amax);
            return AffineQuantizer.Quantize(amax, p.InverseScale) == 127 && AffineQuantizer.Quantize(-amax, p.InverseScale) == -127;
        });
    }

    [Fact]
    public void Int16_codes_saturate_at_32767()
    {
        Assert.Equal(32767, AffineQuantizer.QuantizeInt16(40000f, 1f));
        Assert.Equal(-32767, AffineQuantizer.QuantizeInt16(-40000f, 1f));
        Assert.Equal(2, AffineQuantizer.QuantizeInt16(2.5f, 1f));
    }

    [Fact]
    public void Dead_tensor_gets_scale_one_and_codes_zero()
    {
        var p = QuantizationParameters.FromAmax(0);
        Assert.Equal(1f, p.Scale);
        Assert.Equal(0, AffineQuantizer.Quantize(0, p.InverseScale));
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(-1f)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(1e-39f)]  // denormal
    [InlineData(3e38f)]   // its reciprocal is denormal
    public void Invalid_scales_are_refused(float scale) =>
        Assert.Equal(
            $"A scale must be positive, finite and normal, and so must its reciprocal. (Parameter 'scale'){Environment.NewLine}Actual value was {scale}.",
            Assert.Throws<ArgumentOutOfRangeException>(() => new QuantizationParameters(scale)).Message);

    [Theory]
    [InlineData(-1f)]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void Invalid_amax_is_refused(float amax) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => QuantizationParameters.FromAmax(amax));

    [Fact]
    public void Short_destination_is_refused() =>
        Assert.Equal("destination has 1 elements, source 2. (Parameter 'destination')",
            Assert.Throws<ArgumentException>(() => AffineQuantizer.Quantize(new float[2], 1f, new sbyte[1])).Message);

    private static (float Scale, float X) FindDisagreement()
    {
        var random = new Random(7);
        while (true)
        {
            var s = (float)(random.NextDouble() * 0.1 + 0.001);
            for (var code = 0; code < 126; code++)
            {
                var x = (code + 0.5f) * s; // near a tie
                if (MathF.Round(x * (1f / s), MidpointRounding.ToEven) != MathF.Round(x / s, MidpointRounding.ToEven)) return (s, x);
            }
        }
    }
}

using QatKit.Core.Numerics;

namespace QatKit.Core.Tests.Numerics;

public sealed class IntegerSoftmaxTests
{
    [Fact]
    public void Largest_key_has_code_255_and_equal_keys_share_it()
    {
        var codes = new byte[128];
        Assert.Equal(255 * 128, IntegerSoftmax.Codes(new int[128], 0.01f, codes));
        Assert.All(codes, c => Assert.Equal(255, c));
    }

    [Fact]
    public void Codes_are_255_times_the_softmax_numerator()
    {
        int[] scores = [100, 0, 37, 100, -5000];
        var codes = new byte[5];
        var z = IntegerSoftmax.Codes(scores, 0.02f, codes);
        for (var j = 0; j < 5; j++)
            Assert.Equal(Math.Round(255 * Math.Pow(2, (scores[j] - 100) * 0.02)), codes[j], 0.0);
        Assert.Equal(codes.Sum(c => c), z);
        Assert.Equal(0, codes[4]);
    }

    [Fact]
    public void Codes_never_increase_as_the_score_falls()
    {
        var last = 255;
        for (var delta = 0; delta > -60000; delta--)
        {
            var code = IntegerSoftmax.Code(delta, 0.00037f);
            Assert.True(code <= last, $"code {code} after {last} at {delta}.");
            last = code;
        }

        Assert.Equal(0, last);
    }

    [Fact]
    public void Multiplier_is_rounded_in_the_stated_grouping()
    {
        float sq = 0.0123f, sk = 0.0456f;
        var product = sq * sk;
        var factor = 1.44269502f / MathF.Sqrt(64);
        Assert.Equal(product * factor, IntegerSoftmax.ScoreMultiplier(sq, sk, 64));
    }

    [Fact]
    public void Context_divides_once_and_multiplies_once()
    {
        var scale = 0.03f / 12345f;
        Assert.Equal(987654 * scale, IntegerSoftmax.Context(987654, 0.03f, 12345));
    }
}

using QatKit.Core.Numerics;

namespace QatKit.Core.Tests.Numerics;

public sealed class IntegerLayerNormTests
{
    [Theory]
    [InlineData(1, 7)]
    [InlineData(128, 1)]
    [InlineData(768, 2)]
    [InlineData(2048, 3)]
    public void Agrees_with_layer_norm_in_double_to_the_grid(int hidden, int seed)
    {
        var random = new Random(seed);
        var r = Enumerable.Range(0, hidden).Select(_ => (float)(random.NextDouble() * 8 - 3)).ToArray();
        var gamma = r.Select(_ => (float)random.NextDouble() + 0.5f).ToArray();
        var beta = r.Select(_ => (float)random.NextDouble() - 0.5f).ToArray();
        var output = new float[hidden];
        var amax = r.Max(MathF.Abs);
        IntegerLayerNorm.Normalize(r, gamma, beta, IntegerLayerNorm.ExponentFor(amax), 1e-12, output);
        var mean = r.Average(v => (double)v);
        var std = Math.Sqrt(r.Average(v => (v - mean) * (v - mean)) + 1e-12);
        for (var i = 0; i < hidden; i++)
        {
            // One grid step is at most 8·amax / 2^20 (4·amax fits, the next power of two does not).
            var tolerance = hidden == 1 ? 1e-6 : 8 * amax / (1 << 20) / std * gamma[i] * 2 + 1e-5;
            Assert.Equal((r[i] - mean) / std * gamma[i] + beta[i], output[i], tolerance);
        }
    }

    [Theory]
    [InlineData(1f, 17)]        // 4 · 2^17 = 2^19 fits below 2^20 - 1, 4 · 2^18 = 2^20 does not
    [InlineData(0.99f, 18)]
    [InlineData(0f, 32)]
    [InlineData(1e-20f, 32)]
    [InlineData(1e30f, -32)]
    public void Exponent_leaves_room_for_four_times_amax(float amax, int exponent) =>
        Assert.Equal(exponent, IntegerLayerNorm.ExponentFor(amax));

    [Fact]
    public void Largest_row_does_not_overflow()
    {
        // H = 2048 with every |r_fix| at its limit, half of them negative: V = H² · max² is the largest value there is.
        var r = Enumerable.Range(0, 2048).Select(i => i % 2 == 0 ? 1e9f : -1e9f).ToArray();
        var ones = Enumerable.Repeat(1f, 2048).ToArray();
        var output = new float[2048];
        IntegerLayerNorm.Normalize(r, ones, new float[2048], 0, 1e-12, output);
        Assert.All(output, v => Assert.Equal(1f, MathF.Abs(v), 1e-6f));
    }

    [Fact]
    public void Constant_row_gives_beta()
    {
        var output = new float[64];
        IntegerLayerNorm.Normalize(Enumerable.Repeat(3.25f, 64).ToArray(), new float[64], Enumerable.Repeat(0.5f, 64).ToArray(), 10, 1e-12, output);
        Assert.All(output, v => Assert.Equal(0.5f, v));
    }
}

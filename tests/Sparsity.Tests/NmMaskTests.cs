using CsCheck;
using QatKit.Core.Diagnostics;

namespace QatKit.Sparsity.Tests;

public sealed class NmMaskTests
{
    [Theory]
    [InlineData(new[] { 1f, -4f, 3f, 2f }, 0b0110)]
    [InlineData(new[] { 0f, 0f, 0f, 0f }, 0b0011)]
    [InlineData(new[] { 1f, 1f, 1f, 1f }, 0b0011)]
    [InlineData(new[] { 1f, 2f, -2f, 2f }, 0b0110)]
    [InlineData(new[] { -1f, 1f, 5f, -1f }, 0b0101)]
    [InlineData(new[] { 0f, -0f, 0f, -1e-45f }, 0b1001)]
    [InlineData(new[] { 1f, float.NegativeInfinity, 2f, 3f }, 0b1010)]
    public void The_two_largest_are_kept_and_a_tie_keeps_the_lower_index(float[] group, int expected)
    {
        var mask = NmMask.Magnitude24([9, 8, 1, 1, .. group], 1, 8);
        Assert.Equal(0b0011 | expected << 4, mask.Bits[0]);
    }

    [Fact]
    public void Any_mask_equals_a_stable_sort_by_magnitude()
    {
        // Few distinct values, so that ties are common.
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 4]).SelectMany((o, i) => Gen.Int[-3, 3].Array[o * i * 8].Select(v => (Out: o, In: i * 8, Values: v)))
            .Sample(m =>
            {
                var weights = Array.ConvertAll(m.Values, v => (float)v);
                var mask = NmMask.Magnitude24(weights, m.Out, m.In);
                for (var start = 0; start < weights.Length; start += 4)
                {
                    var kept = Enumerable.Range(start, 4).OrderByDescending(i => MathF.Abs(weights[i])).ThenBy(i => i).Take(2).ToHashSet();
                    for (var i = start; i < start + 4; i++) if (mask.IsKept(i / m.In, i % m.In) != kept.Contains(i)) return false;
                }

                return true;
            });
    }

    [Fact]
    public void NaN_is_refused_with_its_place()
    {
        var weights = new float[32];
        weights[16 + 9] = float.NaN;
        var error = Assert.Throws<QatKitException>(() => NmMask.Magnitude24(weights, 2, 16, "bert.pooler.dense"));
        Assert.Equal("QK3003 bert.pooler.dense: weight [1, 9] is NaN, which has no magnitude to prune by. The training diverged: lower the learning rate.", error.Message);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_programming_errors()
    {
        Assert.Throws<ArgumentException>(() => NmMask.Magnitude24(new float[12], 1, 12));
        Assert.Throws<ArgumentException>(() => NmMask.Magnitude24(new float[8], 2, 8));
    }
}

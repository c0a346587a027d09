using QatKit.Testing.Statistics;

namespace QatKit.Testing.Tests;

public sealed class StatisticsTests
{
    // Two-sided exact binomial probabilities, computed by hand from Pascal's triangle.
    [Theory]
    [InlineData(0, 0, 1.0)]
    [InlineData(1, 1, 1.0)]
    [InlineData(5, 0, 2 * 1.0 / 32)]
    [InlineData(0, 5, 2 * 1.0 / 32)]
    [InlineData(8, 2, 2 * 56.0 / 1024)]
    [InlineData(3, 1, 2 * 5.0 / 16)]
    public void McNemar_is_the_exact_two_sided_binomial_test(int lost, int gained, double expected) =>
        Assert.Equal(expected, new PairedComparison("a", "b", 100, 50, lost, gained).McNemarP, 1e-12);

    // SST-2 dev: 872 sentences at 83 % resolve about ±2.5 points.
    [Fact]
    public void Noise_band_of_a_proportion() => Assert.Equal(0.02492, NoiseBand.HalfWidth(0.83, 872), 1e-5);

    // 40 of 40: Wilson's interval is 0.9124..1.
    [Fact]
    public void Noise_band_of_a_flawless_run_is_not_zero() => Assert.Equal(0.04381, NoiseBand.HalfWidth(1, 40), 1e-5);

    [Fact]
    public void Argmax_takes_the_lower_index_on_a_tie() =>
        Assert.Equal([0, 2, 1], Classes.Argmax([1, 1, 1, -3, -2, -1, 0, 5, 5], 3));

    [Fact]
    public void Different_lengths_are_refused() =>
        Assert.StartsWith("2 labels, 1 baseline and 2 candidate classes; all three must have the same number, at least 1.",
            Assert.Throws<ArgumentException>(() => PairedComparison.Create("a", "b", [0, 1], [0], [0, 1])).Message, StringComparison.Ordinal);
}

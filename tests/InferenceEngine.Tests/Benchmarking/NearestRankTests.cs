using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.InferenceEngine.Tests.Benchmarking;

public sealed class NearestRankTests
{
    [Theory]
    [InlineData(50, 2)]
    [InlineData(95, 4)]
    [InlineData(25, 1)]
    [InlineData(0, 1)]
    [InlineData(100, 4)]
    public void A_percentile_is_a_sample(int percent, double expected) =>
        Assert.Equal(expected, NearestRank.Percentile([1, 2, 3, 4], percent));
}

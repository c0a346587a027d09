namespace QatKit.Sparsity.Tests;

public sealed class NmPatternTests
{
    [Theory]
    [InlineData(8, 16, null)]
    [InlineData(768, 3072, null)]
    [InlineData(2, 128, "out = 2 is not a multiple of 8")]
    [InlineData(128, 24, "in = 24 is not a multiple of 16")]
    public void Eligibility_says_why_not(int outputs, int inputs, string? reason) =>
        Assert.Equal(reason, NmPattern.TwoFour.IneligibleReason(outputs, inputs));

    [Fact]
    public void A_pattern_says_its_name() => Assert.Equal("2:4", NmPattern.TwoFour.ToString());
}

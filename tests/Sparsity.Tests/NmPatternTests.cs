using QatKit.Core.Diagnostics;

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
    public void A_name_gives_its_pattern()
    {
        Assert.Same(NmPattern.TwoFour, NmPattern.Parse("2:4"));
        Assert.Equal("2:4", NmPattern.TwoFour.ToString());
        var error = Assert.Throws<QatKitException>(() => NmPattern.Parse("4:8"));
        Assert.Equal("QK3002: there is no sparsity pattern '4:8'. Known: 2:4.", error.Message);
    }
}

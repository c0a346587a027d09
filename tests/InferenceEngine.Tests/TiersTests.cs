namespace QatKit.InferenceEngine.Tests;

/// <summary>A machine that is known to have a tier cannot skip its tests unnoticed.</summary>
public sealed class TiersTests
{
    [Fact]
    public void Every_required_tier_is_here() =>
        Assert.All(Tiers.Required, tier => Assert.True(BackendProbe.Cpu(tier).IsAvailable, $"{tier}: {BackendProbe.Cpu(tier).Reason}."));

    [Fact]
    public void Tiers_are_names_between_commas()
    {
        Assert.Empty(Tiers.Parse(null));
        Assert.Empty(Tiers.Parse(" "));
        Assert.Equal([CpuTier.Avx2, CpuTier.Avx512Vnni], Tiers.Parse("avx512vnni, Avx2,").Order());
        foreach (var unknown in new[] { "Avx3", "Auto", "2" })
        {
            var error = Assert.Throws<ArgumentException>(() => Tiers.Parse($"Avx2,{unknown}"));
            Assert.Equal($"QATKIT_REQUIRE_TIERS: '{unknown}' is none of Scalar, Avx2, AvxVnni, Avx512Vnni.", error.Message);
        }
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("Scalar,Avx512Vnni", true)]
    [InlineData("AvxVnni", false)]
    [InlineData("Scalar, avxvnni", false)]
    public async Task Without_a_tier_a_test_is_skipped_unless_the_tier_is_required(string required, bool skips)
    {
        var child = await ChildProcess.Run(typeof(TiersTests), nameof(In_the_child_a_tier_is_missing), (Tiers.Variable, required), ("DOTNET_EnableAVX2", "0"));
        Assert.Equal(["about to need it"], child.Report);
        Assert.True(skips == (child.ExitCode == 0), child.Output);
        Assert.Contains("AVX-VNNI not offered by this processor, or switched off for this process.", child.Output, StringComparison.Ordinal);
        if (!skips) Assert.Contains("QATKIT_REQUIRE_TIERS requires AvxVnni.", child.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void In_the_child_a_tier_is_missing()
    {
        ChildProcess.Report("about to need it");
        KernelSets.Require(KernelSet.AvxVnni);
    }
}

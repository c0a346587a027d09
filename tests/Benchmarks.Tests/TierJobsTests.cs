using QatKit.Benchmarks.Kernels;
using QatKit.InferenceEngine;

namespace QatKit.Benchmarks.Tests;

public sealed class TierJobsTests
{
    [Fact]
    public void Every_job_names_its_tier_and_switches_off_what_is_above_it() => Assert.Equal(
        [
            "scalar: QATKIT_BENCHMARK_TIER=Scalar DOTNET_EnableAVX2=0",
            "avx2: QATKIT_BENCHMARK_TIER=Avx2 DOTNET_EnableAVXVNNI=0 DOTNET_EnableAVX512=0",
            "avx-vnni: QATKIT_BENCHMARK_TIER=AvxVnni DOTNET_EnableAVX512=0",
            $"best: QATKIT_BENCHMARK_TIER={KernelChoice.Tiers.Max()}",
        ],
        new TierJobs().GetJobs().Select(j => $"{j.Id}: {string.Join(' ', j.Environment.EnvironmentVariables!.Select(v => $"{v.Key}={v.Value}"))}"));

    [Fact]
    public void A_job_whose_tier_does_not_run_measures_nothing()
    {
        var runs = KernelChoice.Tiers.Max();
        var other = runs == CpuTier.Scalar ? CpuTier.Avx2 : CpuTier.Scalar;
        Setup(runs.ToString());
        Setup(null);
        Assert.Equal(
            $"This job is for the tier {other}, but {runs} runs: the processor lacks an instruction set, or one was not switched off. qatkit doctor says which tiers it has.",
            Assert.Throws<InvalidOperationException>(() => Setup(other.ToString())).Message);
    }

    private static void Setup(string? expected)
    {
        var benchmarks = new EncoderTierBenchmarks();
        Environment.SetEnvironmentVariable(ExpectedTier.Variable, expected);
        try
        {
            benchmarks.Setup();
        }
        finally
        {
            Environment.SetEnvironmentVariable(ExpectedTier.Variable, null);
            benchmarks.Cleanup();
        }
    }
}

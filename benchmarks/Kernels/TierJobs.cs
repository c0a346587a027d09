using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Environments;
using BenchmarkDotNet.Jobs;
using QatKit.InferenceEngine;

namespace QatKit.Benchmarks.Kernels;

/// <summary>The same program with instruction sets switched off in the runtime: what other processors would run. Baseline: plain C#.</summary>
/// <remarks>Each job tells its process which tier it is for (<see cref="ExpectedTier"/>).</remarks>
public sealed class TierJobs : ManualConfig
{
    public TierJobs()
    {
        AddJob(
            Of("scalar", CpuTier.Scalar, "DOTNET_EnableAVX2").AsBaseline(),
            Of("avx2", CpuTier.Avx2, "DOTNET_EnableAVXVNNI", "DOTNET_EnableAVX512"),
            Of("avx-vnni", CpuTier.AvxVnni, "DOTNET_EnableAVX512"),
            Of("best", KernelChoice.Tiers.Last()));
    }

    private static Job Of(string name, CpuTier tier, params string[] off) => Job.ShortRun.WithRuntime(CoreRuntime.Core10_0).WithId(name)
        .WithEnvironmentVariables([new(ExpectedTier.Variable, tier.ToString()), .. off.Select(o => new EnvironmentVariable(o, "0"))]);
}

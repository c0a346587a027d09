using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Environments;
using BenchmarkDotNet.Jobs;

namespace QatKit.Benchmarks.Kernels;

/// <summary>The same program with instruction sets switched off in the runtime: what other processors would run. Baseline: plain C#.</summary>
public sealed class TierJobs : ManualConfig
{
    public TierJobs()
    {
        AddJob(Of("scalar", "DOTNET_EnableAVX2").AsBaseline(), Of("avx2", "DOTNET_EnableAVXVNNI", "DOTNET_EnableAVX512"), Of("avx-vnni", "DOTNET_EnableAVX512"), Of("best"));
    }

    private static Job Of(string name, params string[] off)
    {
        var job = Job.ShortRun.WithRuntime(CoreRuntime.Core10_0).WithId(name);
        return off.Length == 0 ? job : job.WithEnvironmentVariables([.. off.Select(o => new EnvironmentVariable(o, "0"))]);
    }
}

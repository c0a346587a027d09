using BenchmarkDotNet.Attributes;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Cpu;

namespace QatKit.Benchmarks.Kernels;

/// <summary>Linear layers at BERT shapes on one thread, quantizing epilogue included. Baseline: dense.</summary>
public class GemmBenchmarks
{
    private readonly WorkerTeam _alone = new(1);
    private LinearWorkload _dense = null!;
    private LinearWorkload _sparse = null!;

    /// <summary>MxNxK.</summary>
    [ParamsSource(nameof(Shapes))]
    public string Shape { get; set; } = "";

    [ParamsSource(nameof(Tiers))]
    public CpuTier Tier { get; set; }

    public static IEnumerable<string> Shapes => GemmShapes.All;

    public static IEnumerable<CpuTier> Tiers => KernelChoice.SimdTiers;

    [GlobalSetup]
    public void Setup()
    {
        _dense = new LinearWorkload(Shape, KernelChoice.Of(Tier), sparse: false, _alone);
        _sparse = new LinearWorkload(Shape, KernelChoice.Of(Tier), sparse: true, _alone);
    }

    [GlobalCleanup]
    public void Cleanup() => _alone.Dispose();

    [Benchmark(Baseline = true)]
    public void Dense() => _dense.Run();

    [Benchmark]
    public void Sparse24() => _sparse.Run();
}

/// <summary>The scalar baseline of one small product: the specification's code on it takes as long as a whole model in SIMD.</summary>
public class ScalarGemmBenchmarks
{
    private readonly WorkerTeam _alone = new(1);
    private LinearWorkload _workload = null!;

    [ParamsSource(nameof(Tiers))]
    public CpuTier Tier { get; set; }

    public static IEnumerable<CpuTier> Tiers => KernelChoice.Tiers;

    [GlobalSetup]
    public void Setup() => _workload = new LinearWorkload("32x128x128", KernelChoice.Of(Tier), sparse: false, _alone);

    [GlobalCleanup]
    public void Cleanup() => _alone.Dispose();

    [Benchmark]
    public void Dense() => _workload.Run();
}

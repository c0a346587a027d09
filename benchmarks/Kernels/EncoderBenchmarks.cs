using BenchmarkDotNet.Attributes;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.Benchmarks.Kernels;

/// <summary>Whole models through <see cref="InferenceSession"/>, dense and 2:4, with all processors.</summary>
[MemoryDiagnoser]
public abstract class EncoderBase
{
    private InferenceSession _dense = null!;
    private InferenceSession _sparse = null!;
    private TokenBatch _batch = null!;

    [GlobalCleanup]
    public void Cleanup()
    {
        _dense.Dispose();
        _sparse.Dispose();
    }

    [Benchmark]
    public float[] Dense() => _dense.Run(_batch);

    [Benchmark]
    public float[] Sparse24() => _sparse.Run(_batch);

    /// <summary>The tier that both sessions run on.</summary>
    protected string Tier => _dense.Tier;

    protected void Prepare(string model, int batch, int length)
    {
        var architecture = ModelShape.Parse(model, 512);
        _dense = InferenceSession.Create(SyntheticGraph.Create(architecture, 1));
        _sparse = InferenceSession.Create(SyntheticGraph.Create(architecture, 1, sparse24: true));
        _batch = SyntheticGraph.CreateBatch(architecture, [.. Enumerable.Repeat(length, batch)], 1);
    }
}

/// <summary>Models of every size on the fastest tier.</summary>
public class EncoderBenchmarks : EncoderBase
{
    [Params("bert-tiny", "bert-base")]
    public string Model { get; set; } = "";

    [Params(1, 8)]
    public int Batch { get; set; }

    [GlobalSetup]
    public void Setup() => Prepare(Model, Batch, 128);
}

/// <summary>A small model on every tier: plain C# is some hundred times slower.</summary>
[Config(typeof(TierJobs))]
public class EncoderTierBenchmarks : EncoderBase
{
    [GlobalSetup]
    public void Setup()
    {
        Prepare("bert-tiny", 1, 32);
        ExpectedTier.Check(Tier);
    }
}

using BenchmarkDotNet.Attributes;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.Benchmarks.Kernels;

/// <summary>Whole models through <see cref="InferenceSession"/>, dense and 2:4, with all processors.</summary>
[MemoryDiagnoser]
public class EncoderBenchmarks
{
    private InferenceSession _dense = null!;
    private InferenceSession _sparse = null!;
    private TokenBatch _batch = null!;

    [Params("bert-tiny", "bert-base")]
    public string Model { get; set; } = "";

    [Params(1, 8)]
    public int Batch { get; set; }

    [Params(128)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var architecture = ModelShape.Parse(Model, 512);
        _dense = InferenceSession.Create(SyntheticGraph.Create(architecture, 1));
        _sparse = InferenceSession.Create(SyntheticGraph.Create(architecture, 1, sparse24: true));
        _batch = SyntheticGraph.CreateBatch(architecture, [.. Enumerable.Repeat(Length, Batch)], 1);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _dense.Dispose();
        _sparse.Dispose();
    }

    [Benchmark(Baseline = true)]
    public float[] Dense() => _dense.Run(_batch);

    [Benchmark]
    public float[] Sparse24() => _sparse.Run(_batch);
}

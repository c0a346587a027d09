using System.Globalization;
using BenchmarkDotNet.Attributes;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.Benchmarks.Kernels;

/// <summary>Linear layers at BERT shapes on one thread, quantizing epilogue included. Baseline: dense.</summary>
public unsafe class GemmBenchmarks
{
    private readonly WorkerScratch _scratch = new();
    private CpuKernels _kernels = null!;
    private PackedLinear _dense = null!;
    private PackedLinear _sparse = null!;
    private AlignedBuffer _x = null!;
    private AlignedBuffer _y = null!;
    private int _rows;

    /// <summary>M, N, K: the four products of BERT-base at 128 tokens, and one short sequence.</summary>
    [Params("128x768x768", "128x3072x768", "128x768x3072", "8x768x768")]
    public string Shape { get; set; } = "";

    [ParamsSource(nameof(Tiers))]
    public CpuTier Tier { get; set; }

    public static IEnumerable<CpuTier> Tiers => KernelChoice.SimdTiers;

    [GlobalSetup]
    public void Setup()
    {
        var sizes = Shape.Split('x').Select(s => int.Parse(s, CultureInfo.InvariantCulture)).ToArray();
        int m = sizes[0], n = sizes[1], k = sizes[2];
        _kernels = KernelChoice.Of(Tier);
        // The FFN's up projection of a synthetic model is an N x K layer.
        var architecture = new BertArchitecture(1, k, 1, n, 10, 16, 2, 2);
        _dense = _kernels.Pack(SyntheticGraph.Create(architecture, 1).Layers[0].Intermediate, sparse: false);
        _sparse = _kernels.Pack(SyntheticGraph.Create(architecture, 1, sparse24: true).Layers[0].Intermediate, sparse: true);
        _x = new AlignedBuffer((long)m * k);
        var random = new Random(1);
        for (var i = 0; i < m * k; i++) _x.Pointer[i] = (byte)random.Next(-127, 128);
        _y = new AlignedBuffer((long)m * n);
        _rows = m;
    }

    [Benchmark(Baseline = true)]
    public void Dense() => Run(_dense);

    [Benchmark]
    public void Sparse24() => Run(_sparse);

    private void Run(PackedLinear weights) =>
        _kernels.Linear(weights, _x.Pointer, LinearOutput.Int8((sbyte*)_y.Pointer, weights.Out, 0.01f), new WorkRange(0, _rows, 0, weights.Blocks), _scratch);
}

using BenchmarkDotNet.Attributes;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.Benchmarks.Kernels;

/// <summary>Element-wise work on one row: LayerNorm, quantizing, and GELU with quantizing (a linear layer's epilogue).</summary>
public unsafe class RowBenchmarks
{
    private readonly WorkerScratch _scratch = new();
    private CpuKernels _kernels = null!;
    private PackedLayerNorm _norm = null!;
    private PackedLinear _shallow = null!;
    private AlignedBuffer _row = null!;
    private RowStatistics _statistics;
    private AlignedBuffer _output = null!;

    [Params(768, 2048)]
    public int Columns { get; set; }

    [ParamsSource(nameof(Tiers))]
    public CpuTier Tier { get; set; }

    public static IEnumerable<CpuTier> Tiers => KernelChoice.Tiers;

    [GlobalSetup]
    public void Setup()
    {
        _kernels = KernelChoice.Of(Tier);
        var architecture = new BertArchitecture(1, 8, 1, Columns, 10, 16, 2, 2);
        // K = 8: next to no multiplication, so that the epilogue is what is measured.
        _shallow = _kernels.Pack(SyntheticGraph.Create(architecture, 1).Layers[0].Intermediate, sparse: false);
        var random = new Random(1);
        float[] Values() => [.. Enumerable.Range(0, Columns).Select(_ => random.NextSingle() * 4 - 2)];
        _norm = new PackedLayerNorm(new QuantizedLayerNorm("norm", Values(), Values(), 16), Columns, 1e-12);
        _row = new AlignedBuffer(Columns * sizeof(float));
        _output = new AlignedBuffer(Columns * sizeof(float));
        Values().CopyTo(new Span<float>(_row.Pointer, Columns));
        _statistics = _norm.StatisticsOf(new RowSums(0, Columns * (1L << 32)));
    }

    [Benchmark]
    public void LayerNorm()
    {
        // In place, again and again: the values change, the time does not.
        fixed (RowStatistics* statistics = &_statistics) _kernels.NormalizePanel(_norm, statistics, (int*)_row.Pointer, Columns, 1, 0, Columns, null);
    }

    [Benchmark]
    public void Quantize() => _kernels.Quantize((float*)_row.Pointer, Columns, Output);

    [Benchmark]
    public void GeluAndQuantize() => _kernels.Linear(_shallow,
        _kernels.CodesOf(_row.Pointer, CodeWidth.Int8, _shallow.Input, PanelLayout.PaddedRows(8)), LinearOutput.Gelu(Output), new WorkRange(0, 1, 0, _shallow.Blocks), _scratch);

    private Codes Output => _kernels.CodesOf(_output.Pointer, CodeWidth.Int8, new QuantizationParameters(0.02f), PanelLayout.RowMajor(Columns));
}

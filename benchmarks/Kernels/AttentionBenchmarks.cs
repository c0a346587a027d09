using BenchmarkDotNet.Attributes;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.Benchmarks.Kernels;

/// <summary>Attention of one head of 64 on one thread: packing, scores, softmax, context, quantizing.</summary>
public unsafe class AttentionBenchmarks
{
    private const int HeadDim = 64, Hidden = 768;

    private readonly WorkerScratch _scratch = new();
    private CpuKernels _kernels = null!;
    private AlignedBuffer _codes = null!;
    private AlignedBuffer _context = null!;

    /// <summary>S.</summary>
    [Params(16, 128, 512)]
    public int Length { get; set; }

    [ParamsSource(nameof(Tiers))]
    public CpuTier Tier { get; set; }

    public static IEnumerable<CpuTier> Tiers => KernelChoice.Tiers;

    [GlobalSetup]
    public void Setup()
    {
        _kernels = KernelChoice.Of(Tier);
        _codes = new AlignedBuffer(3 * PanelLayout.Size(Length, Hidden, HeadDim));
        _context = new AlignedBuffer(PanelLayout.Size(Length, Hidden, HeadDim));
        var random = new Random(1);
        for (var i = 0; i < _codes.Bytes; i++) _codes.Pointer[i] = (byte)random.Next(-127, 128);
    }

    [Benchmark]
    public void OneHead()
    {
        var layout = PanelLayout.Panels(Length, HeadDim);
        byte* Matrix(int i) => _codes.Pointer + i * PanelLayout.Size(Length, Hidden, HeadDim);
        Codes Codes(int i) => new((nint)Matrix(i), CodeWidth.Int8, new QuantizationParameters(0.03f), layout);
        var arguments = new AttentionArguments
        {
            Query = _kernels.CodesOf(Matrix(0), CodeWidth.Int8, new QuantizationParameters(0.03f), layout),
            Key = Codes(1),
            Value = Codes(2),
            HeadDim = HeadDim,
            ScoreMultiplier = IntegerSoftmax.ScoreMultiplier(0.03f, 0.03f, HeadDim),
            Context = _kernels.CodesOf(_context.Pointer, CodeWidth.Int8, new QuantizationParameters(0.02f), layout),
        };
        _kernels.Attention(arguments, new AttentionWork(0, Length, 3, 0, Length), _scratch);
    }
}

using BenchmarkDotNet.Attributes;
using QatKit.Quantization.Native;
using TorchSharp;

namespace QatKit.Benchmarks.Training;

/// <summary>What quantization-aware training costs: the same step in float32 and fake-quantized, two threads.</summary>
public class QatStepBenchmarks
{
    private TrainingStep? _float;
    private TrainingStep? _quantized;

    /// <summary>Layers and hidden size.</summary>
    [Params("L2 H128", "L4 H256")]
    public string Shape { get; set; } = "L2 H128";

    [GlobalSetup]
    public void Setup()
    {
        TorchNativeLibrary.Register();
        torch.set_num_threads(2);
        var parts = Shape.Split(' ');
        int layers = int.Parse(parts[0][1..], null), hidden = int.Parse(parts[1][1..], null);
        _float = new TrainingStep(layers, hidden, quantized: false);
        _quantized = new TrainingStep(layers, hidden, quantized: true);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _float?.Dispose();
        _quantized?.Dispose();
    }

    [Benchmark(Baseline = true)]
    public float Float32() => _float!.Run();

    [Benchmark]
    public float FakeQuant() => _quantized!.Run();
}

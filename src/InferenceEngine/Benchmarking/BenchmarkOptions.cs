namespace QatKit.InferenceEngine.Benchmarking;

/// <summary>What to measure.</summary>
public sealed record BenchmarkOptions
{
    /// <summary><c>bert-tiny</c>, <c>-mini</c>, <c>-small</c>, <c>-medium</c>, <c>-base</c>, <c>-large</c>, or sizes as
    /// <c>LxHxAxF</c> (layers, hidden, heads, FFN), for example <c>12x768x12x3072</c>.</summary>
    public string Shape { get; init; } = "bert-base";

    /// <summary>Sequences per call.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Tokens of every sequence.</summary>
    public int SequenceLength { get; init; } = 128;

    /// <summary>Prune the weights to 2:4.</summary>
    public bool Sparse24 { get; init; }

    /// <summary>Calls before the measurement.</summary>
    public int Warmup { get; init; } = 5;

    /// <summary>Measured calls.</summary>
    public int Iterations { get; init; } = 30;

    /// <summary>Measured graph replays of <see cref="BenchmarkResult.Device"/>, on CUDA.</summary>
    public int Replays { get; init; } = 2000;

    /// <summary>Time every kernel by itself, on CUDA: <see cref="DeviceTiming.Kernels"/>.</summary>
    public bool Kernels { get; init; }

    /// <summary>Seed of the random model and batch.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Backend, threads, tier and weight format.</summary>
    public SessionOptions Session { get; init; } = new();
}

using QatKit.Core.Graph;

namespace QatKit.Comparison;

/// <summary>What to compare.</summary>
public sealed record ComparisonOptions
{
    /// <summary>Name of the model in tables.</summary>
    public required string Model { get; init; }

    /// <summary>The model. With 2:4 masks the engine's 2:4 kernels take part as well.</summary>
    public required QuantizedGraph Graph { get; init; }

    /// <summary>Sequences per call.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Tokens of every sequence.</summary>
    public int SequenceLength { get; init; } = 128;

    /// <summary>Threads that a call may use. QatKit takes fewer where a batch is too small for them, so ONNX Runtime gets the best of fewer, too.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>Samples of each contender in the final.</summary>
    public int Rounds { get; init; } = 30;

    /// <summary>Seed of the random tokens.</summary>
    public int Seed { get; init; } = 1;
}

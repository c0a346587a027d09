using System.ComponentModel.DataAnnotations;

namespace QatKit.Training.Recipes;

/// <summary>Quantization-aware training: which layers, how ranges are found, how long.</summary>
public sealed record QuantizationSection
{
    /// <summary>The arithmetic, see docs/numerics.md.</summary>
    public QuantizationScheme Scheme { get; init; } = QuantizationScheme.Int8;

    /// <summary>Linear layers to run in INT8, as globs (<c>bert.encoder.*</c>) or regular expressions (<c>re:...</c>). The rest runs in INT16.</summary>
    public IReadOnlyList<string> Targets { get; init; } = ["*"];

    /// <summary>Exceptions from <c>targets</c>.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>Storage of the embedding tables.</summary>
    public EmbeddingStorage Embeddings { get; init; } = EmbeddingStorage.Float32;

    /// <summary>How activation ranges are found before training, and what of each batch they follow in it. What INT16 layers read takes max.</summary>
    public CalibratorKind Calibrator { get; init; } = CalibratorKind.Percentile;

    /// <summary>The percentile of |x| that calibrator percentile takes as range.</summary>
    [Range(50.0, 100.0)]
    public double Percentile { get; init; } = 99.99;

    /// <summary>Training batches seen by the calibrators.</summary>
    [Range(1, 100_000)]
    public int CalibrationBatches { get; init; } = 16;

    /// <summary>Weight of a new batch in the moving average that activation ranges follow in training: of what the calibrator says of that
    /// batch alone; with calibrator max the range only grows. 0 keeps the calibrated ranges.</summary>
    [Range(0.0, 1.0)]
    public double RangeMomentum { get; init; } = 0.01;

    /// <summary>Passes over the training data with fake-quantize on; 0 quantizes after training.</summary>
    [Range(0, 1000)]
    public int Epochs { get; init; } = 1;

    /// <summary>Peak learning rate of this stage.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double LearningRate { get; init; } = 2e-5;

    /// <summary>Optimizer step of this stage at which fake-quantize is switched on.</summary>
    [Range(0, int.MaxValue)]
    public int StartStep { get; init; }

    /// <summary>Optimizer step of this stage from which activation ranges are fixed; without it half way from <c>start_step</c> to the end.</summary>
    [Range(0, int.MaxValue)]
    public int? FreezeStep { get; init; }
}

/// <summary>Arithmetic of the quantized model.</summary>
public enum QuantizationScheme
{
    /// <summary>Numerics contract version 1: INT8 codes, exact integer reductions, INT16 heads.</summary>
    Int8,
}

/// <summary>Storage of embedding tables.</summary>
public enum EmbeddingStorage
{
    /// <summary>float32.</summary>
    Float32,

    /// <summary>INT8 with one scale per row: a quarter of the size.</summary>
    Int8,
}

/// <summary>How the range of an activation is found.</summary>
public enum CalibratorKind
{
    /// <summary>The largest |x| seen.</summary>
    Max,

    /// <summary>A moving average of each batch's largest |x|.</summary>
    MovingAverage,

    /// <summary>A percentile of all |x| seen.</summary>
    Percentile,

    /// <summary>The range with the least squared error.</summary>
    Mse,
}

namespace QatKit.Training.Trainer;

/// <summary>Where a run stands, apart from tensors. Everything random is a function of the recipe's seed and
/// <see cref="Step"/>: data order of (seed, stage, epoch), dropout of (seed, stage, step).</summary>
public sealed record TrainingState
{
    /// <summary>Version of this record.</summary>
    public int Format { get; init; } = 1;

    /// <summary>The stage.</summary>
    public required string Stage { get; init; }

    /// <summary>Optimizer steps done in the stage.</summary>
    public long Step { get; init; }

    /// <summary>Epochs of the stage after which the metric was taken.</summary>
    public int EpochsEvaluated { get; init; }

    /// <summary>Best metric of the stage so far; null before the first.</summary>
    public double? BestMetric { get; init; }

    /// <summary>Epochs since the best one.</summary>
    public int EpochsWithoutGain { get; init; }
}

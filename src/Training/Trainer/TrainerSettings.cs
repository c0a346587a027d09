using QatKit.Training.Data;
using QatKit.Training.Metrics;
using QatKit.Training.Recipes;

namespace QatKit.Training.Trainer;

/// <summary>What a trainer needs besides model and stage.</summary>
public sealed record TrainerSettings
{
    /// <summary>Batch size, seed, decay, clipping, accumulation, early stop.</summary>
    public required TrainSection Train { get; init; }

    /// <summary>Training examples.</summary>
    public required EncodedDataset TrainData { get; init; }

    /// <summary>Evaluation examples.</summary>
    public required EncodedDataset DevData { get; init; }

    /// <summary>What chooses the best epoch.</summary>
    public required Metric Metric { get; init; }

    /// <summary>Folder of checkpoints.</summary>
    public required string CheckpointFolder { get; init; }

    /// <summary>Optimizer steps of one epoch.</summary>
    public long StepsPerEpoch
    {
        get
        {
            long batches = (TrainData.Count + Train.BatchSize - 1) / Train.BatchSize;
            return (batches + Train.GradientAccumulation - 1) / Train.GradientAccumulation;
        }
    }
}

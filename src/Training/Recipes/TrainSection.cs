using System.ComponentModel.DataAnnotations;

namespace QatKit.Training.Recipes;

/// <summary>Fine-tuning in floating point, and settings that hold for every stage.</summary>
public sealed record TrainSection
{
    /// <summary>Passes over the training data in floating point; 0 takes the checkpoint as it is.</summary>
    [Range(0, 1000)]
    public int Epochs { get; init; } = 3;

    /// <summary>Examples per step.</summary>
    [Range(1, 65536)]
    public int BatchSize { get; init; } = 32;

    /// <summary>Peak learning rate of AdamW: a linear warm-up leads to it, a linear decay to 0 follows.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double LearningRate { get; init; } = 5e-5;

    /// <summary>Share of a stage's steps that warm up.</summary>
    [Range(0.0, 1.0)]
    public double WarmupRatio { get; init; } = 0.1;

    /// <summary>Decoupled weight decay; biases and LayerNorms have none.</summary>
    [Range(0.0, 1.0)]
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Gradients are scaled down to this norm, without those of pruned weights; 0 turns clipping off.</summary>
    [Range(0, 1e6)]
    public double MaxGradNorm { get; init; } = 1;

    /// <summary>Batches whose gradients are averaged for one optimizer step: the effective batch is this times <c>batch_size</c>.</summary>
    [Range(1, 4096)]
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>Seed of initial weights, data order and dropout.</summary>
    [Range(0, int.MaxValue)]
    public int Seed { get; init; } = 42;

    /// <summary>Where to train: auto takes CUDA when there is one.</summary>
    public TrainDevice Device { get; init; } = TrainDevice.Auto;

    /// <summary>CPU threads; 0 uses all cores. Results are reproducible for one number of threads.</summary>
    [Range(0, 1024)]
    public int Threads { get; init; }

    /// <summary>End a stage after this many epochs without a better metric; 0 never does.</summary>
    [Range(0, 1000)]
    public int EarlyStopEpochs { get; init; }

    /// <summary>Save a checkpoint to resume from every N optimizer steps; 0 saves at the end of epochs only.</summary>
    [Range(0, int.MaxValue)]
    public int CheckpointSteps { get; init; }
}

/// <summary>Where a model is trained.</summary>
public enum TrainDevice
{
    /// <summary>CUDA when there is one, else the CPU.</summary>
    Auto,

    /// <summary>The CPU.</summary>
    Cpu,

    /// <summary>The first CUDA device.</summary>
    Cuda,
}

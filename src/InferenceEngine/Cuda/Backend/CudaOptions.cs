using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cuda.Plans;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>Choices of the CUDA backend. None of them changes the logits.</summary>
internal sealed record CudaOptions
{
    /// <summary>Number of the device among the visible ones.</summary>
    public int Device { get; init; }

    /// <summary>Most tokens of one pass; larger batches run in several. Decides the size of the arena.</summary>
    public int MaxTokens { get; init; } = 8192;

    /// <summary>Graphs kept; the least recently used one goes first.</summary>
    public int MaxGraphs { get; init; } = 64;

    /// <summary>Packing of masked int8 layers.</summary>
    public WeightFormat WeightFormat { get; init; } = WeightFormat.Auto;

    /// <summary>Tile and splits for every int8 product, instead of the planner's choice.</summary>
    public GemmChoice? ForcedPlan { get; init; }

    /// <summary>Products that the planner may not choose.</summary>
    public GemmExclusion Without { get; init; }

    /// <summary>Reads <see cref="SessionOptions.CudaPlan"/>.</summary>
    /// <exception cref="QatKitException">QK6020: no plan.</exception>
    public static CudaOptions WithPlan(string? plan) => plan switch
    {
        null => new CudaOptions(),
        GemmExclusions.NoClusters => new CudaOptions { Without = GemmExclusion.Clusters },
        GemmExclusions.NoWarpgroups => new CudaOptions { Without = GemmExclusion.Warpgroups },
        _ => new CudaOptions { ForcedPlan = GemmChoice.Parse(plan) },
    };
}

namespace QatKit.InferenceEngine;

/// <summary>Choices for an <see cref="InferenceSession"/>. None of them changes the logits.</summary>
public sealed record SessionOptions
{
    /// <summary>What computes; the default is the processor.</summary>
    /// <remarks>CUDA is opt-in while its kernels are proven only by emulation and not yet on a device.</remarks>
    public EngineBackend Backend { get; init; } = EngineBackend.Cpu;

    /// <summary>Number of the CUDA device among the visible ones.</summary>
    public int CudaDevice { get; init; }

    /// <summary>Tile and splits of every int8 product on CUDA instead of the planner's choice: features x tokens of a block / warps x warps / stages /
    /// splits along K, for example <c>128x64/4x2/3/1</c>, or <c>wgmma/128x128/6/4/1</c> (stages, blocks of a cluster, splits) on compute capability 9.0. <c>no-clusters</c> and <c>no-wgmma</c> leave the
    /// choice to the planner but keep it from warpgroup products in clusters, or from all of them.</summary>
    public string? CudaPlan { get; init; }

    /// <summary>Threads that work on one call, the caller's included. 0 (the default) means one per available processor.</summary>
    /// <remarks>With 1, concurrent calls run side by side, each on its caller's thread. With more, concurrent calls take
    /// turns and each uses the whole team, so that a session never runs more threads than this.</remarks>
    public int Threads { get; init; }

    /// <summary>Multiplications for which another thread is worth its while: a call takes as many threads as its average stage has
    /// of these, at most <see cref="Threads"/>. 0 takes all threads always.</summary>
    /// <remarks>Threads that share a stage have to be waited for, which costs a few microseconds.
    /// One thread does a million multiplications in ten to twenty.</remarks>
    public int WorkPerThread { get; init; } = 1_000_000;

    /// <summary>Instruction tier; the default is the fastest available.</summary>
    public CpuTier CpuTier { get; init; } = CpuTier.Auto;

    /// <summary>Packing of weights; the default is 2:4 where a layer has a mask.</summary>
    public WeightFormat WeightFormat { get; init; } = WeightFormat.Auto;
}

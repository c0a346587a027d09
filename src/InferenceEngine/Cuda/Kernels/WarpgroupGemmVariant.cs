namespace QatKit.InferenceEngine.Cuda.Kernels;

/// <summary>Tile of the <c>wgmma</c> GEMM: <paramref name="Features"/> × <see cref="Tokens"/>.</summary>
/// <param name="Features">Output features of a block: 256, or 128 where a multiprocessor holds two blocks.</param>
/// <param name="Stages">Depth of the ring of token tiles, at least 2.</param>
/// <param name="Cluster">Blocks along the features that read their common tokens once: 1, 2, 4 or 8.</param>
internal sealed record WarpgroupTile(int Features, int Stages, int Cluster)
{
    /// <summary>Output features of a warpgroup.</summary>
    public const int WarpgroupFeatures = 128;

    /// <summary>Tokens of a block.</summary>
    public const int Tokens = 128;

    /// <summary>Warpgroups that multiply; one more copies.</summary>
    public int Consumers => Features / WarpgroupFeatures;

    /// <summary>Tokens that a block copies for its cluster: rows of the tensor map's box.</summary>
    public int BoxTokens => Tokens / Cluster;
}

/// <summary>One variant of gemm_s8_sm90.cu: the product of <see cref="GemmVariant"/> with the same packed weights and the same
/// bits, for many tokens, on sm_90a only. No gathered rows.</summary>
/// <param name="Tile">Tile.</param>
/// <param name="Sparse24">2:4 weights.</param>
/// <param name="Epilogue">What is stored.</param>
internal sealed record WarpgroupGemmVariant(WarpgroupTile Tile, bool Sparse24, GemmEpilogue Epilogue)
{
    private const int WarpgroupThreads = 128;

    // A multiprocessor's 65536 registers, shared evenly at the start; then the consumers take 232 of what the producer gives back.
    private const int TwoWarpgroupRegisters = 128, ThreeWarpgroupRegisters = 168;

    /// <summary>What to compile, for sm_90a.</summary>
    public KernelDefinition Define() => new("gemm_s8_sm90.cu", "gemm_s8_sm90",
        [
            new("SPARSE", Sparse24 ? 1 : 0),
            new("CONSUMERS", Tile.Consumers),
            new("CLUSTER", Tile.Cluster),
            new("STAGES", Tile.Stages),
            new("ACTIVATION", (int)Epilogue.Activation),
            new("RESIDUAL", Epilogue.Residual ? 1 : 0),
            new("OUTPUT", (int)Epilogue.Output),
        ],
        WarpgroupThreads * (Tile.Consumers + 1), Tile.Stages * WarpgroupTile.Tokens * GemmVariant.TileDepth)
    {
        LeastRegisters = Registers(Tile),
        Cluster = Tile.Cluster,
    };

    /// <summary>Registers that each thread begins with.</summary>
    public static int Registers(WarpgroupTile tile) => tile.Consumers == 1 ? TwoWarpgroupRegisters : ThreeWarpgroupRegisters;

    /// <summary>Blocks for a problem: whole clusters, of which the last may have blocks past the last feature; <paramref name="splits"/> as for <see cref="GemmVariant"/>.</summary>
    public LaunchGrid Grid(int tokens, int features, int splits) =>
        new(LaunchGrid.DivideUp(features, Tile.Features * Tile.Cluster) * Tile.Cluster, LaunchGrid.DivideUp(tokens, WarpgroupTile.Tokens), splits);
}

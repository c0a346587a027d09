namespace QatKit.InferenceEngine.Cuda.Kernels;

/// <summary>One variant of gemm_s8_sm90.cu: the product of <see cref="GemmVariant"/> with the same packed weights and the same
/// bits, for many tokens, on sm_90a only. No gathered rows, no split along K.</summary>
/// <param name="Sparse24">2:4 weights.</param>
/// <param name="Epilogue">What is stored.</param>
/// <param name="Stages">Depth of the ring of token tiles.</param>
internal sealed record WarpgroupGemmVariant(bool Sparse24, GemmEpilogue Epilogue, int Stages = 6)
{
    /// <summary>Output features of a block.</summary>
    public const int TileFeatures = 256;

    /// <summary>Tokens of a block, and rows of the tensor map's box.</summary>
    public const int TileTokens = 128;

    /// <summary>What to compile, for sm_90a.</summary>
    public KernelDefinition Define() => new("gemm_s8_sm90.cu", "gemm_s8_sm90",
        [
            new("SPARSE", Sparse24 ? 1 : 0),
            new("STAGES", Stages),
            new("ACTIVATION", (int)Epilogue.Activation),
            new("RESIDUAL", Epilogue.Residual ? 1 : 0),
            new("OUTPUT", (int)Epilogue.Output),
        ],
        384, Stages * TileTokens * GemmVariant.TileDepth)
    {
        LeastRegisters = 168, // Three warpgroups: two take 232, one keeps 40.
    };

    /// <summary>Blocks for a problem.</summary>
    public static LaunchGrid Grid(int tokens, int features) =>
        new((features + TileFeatures - 1) / TileFeatures, (tokens + TileTokens - 1) / TileTokens, 1);
}

namespace QatKit.InferenceEngine.Cuda.Kernels;

/// <summary>Function applied to <c>y = fma(acc, m, bias)</c> before it is stored. Values are those of common/epilogue.cuh.</summary>
internal enum GemmActivation
{
    None = 0,
    Gelu = 1,
    Tanh = 2,
}

/// <summary>What a kernel stores. Values are those of common/epilogue.cuh.</summary>
internal enum OutputType
{
    Int8 = 0,
    Int16 = 1,
    Float32 = 2,
}

/// <summary>What happens to an accumulator.</summary>
/// <param name="Activation">Applied first.</param>
/// <param name="Residual">Adds a float residual after the activation.</param>
/// <param name="Output">Codes or floats.</param>
internal sealed record GemmEpilogue(GemmActivation Activation, bool Residual, OutputType Output);

/// <summary>Tile of the <c>mma</c> GEMM.</summary>
/// <param name="Features">Output features of a block: a multiple of 32 × <paramref name="WarpsAcrossFeatures"/>.</param>
/// <param name="Tokens">Tokens of a block: a multiple of 8 × <paramref name="WarpsAcrossTokens"/>.</param>
/// <param name="WarpsAcrossFeatures">Warps that share the features among themselves.</param>
/// <param name="WarpsAcrossTokens">Warps that share the tokens among themselves.</param>
/// <param name="Stages">Depth of the copy pipeline, at least 2.</param>
internal sealed record GemmTile(int Features, int Tokens, int WarpsAcrossFeatures, int WarpsAcrossTokens, int Stages);

/// <summary>One variant of gemm_s8.cu: <c>Y[T,N] = epilogue(X[T,K] · W[N,K]ᵀ)</c> on int8 tensor cores.</summary>
internal sealed record GemmVariant(GemmTile Tile, bool Sparse24, GemmEpilogue Epilogue)
{
    /// <summary>Input features of one pipeline stage; weights are zero-padded to a multiple of it.</summary>
    public const int TileDepth = 128;

    /// <summary>What to compile.</summary>
    public KernelDefinition Define() => new("gemm_s8.cu", "gemm_s8",
        [
            new("SPARSE", Sparse24 ? 1 : 0),
            new("TILE_F", Tile.Features),
            new("TILE_T", Tile.Tokens),
            new("WARPS_F", Tile.WarpsAcrossFeatures),
            new("WARPS_T", Tile.WarpsAcrossTokens),
            new("STAGES", Tile.Stages),
            new("ACTIVATION", (int)Epilogue.Activation),
            new("RESIDUAL", Epilogue.Residual ? 1 : 0),
            new("OUTPUT", (int)Epilogue.Output),
        ],
        32 * Tile.WarpsAcrossFeatures * Tile.WarpsAcrossTokens,
        Tile.Stages * (Tile.Tokens * TileDepth + Tile.Features / 32 * GroupBytes(Sparse24)));

    /// <summary>Bytes of 32 packed features × 128 input features: int8 codes, or half of them and 2 bits for each kept one.</summary>
    public static int GroupBytes(bool sparse24) => sparse24 ? 2048 + 512 : 4096;

    /// <summary>Blocks for a problem; <paramref name="splits"/> of them share one output tile and add up its sums (1: no split).</summary>
    public LaunchGrid Grid(int tokens, int features, int splits) =>
        new(LaunchGrid.DivideUp(features, Tile.Features), LaunchGrid.DivideUp(tokens, Tile.Tokens), splits);
}

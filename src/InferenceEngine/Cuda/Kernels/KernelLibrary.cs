namespace QatKit.InferenceEngine.Cuda.Kernels;

/// <summary>Variants of the kernels other than the tensor-core GEMM (<see cref="GemmVariant"/>).</summary>
internal static class KernelLibrary
{
    /// <summary>Threads of a LayerNorm or embedding block, which works on one token: one for four neighbours where that makes whole warps,
    /// for a row's time is latency and not work.</summary>
    public static int NormThreads(int hidden) => hidden % 128 == 0 && hidden <= 1024 ? hidden / 4 : 128;

    /// <summary>Word + position + type, then LayerNorm. Grid: (T, 1, 1).</summary>
    public static KernelDefinition Embedding(int hidden) =>
        new("embedding.cu", "embed_layernorm", [new("HIDDEN", hidden), new("THREADS", NormThreads(hidden))], NormThreads(hidden), 0);

    /// <summary>LayerNorm with quantized outputs. Grid: (T, 1, 1).</summary>
    public static KernelDefinition LayerNorm(int hidden) =>
        new("layernorm.cu", "layernorm", [new("HIDDEN", hidden), new("THREADS", NormThreads(hidden))], NormThreads(hidden), 0);

    /// <summary>Attention of every head. Grid: (ceil(longest sequence / (16 · warps / split)), heads, sequences).</summary>
    /// <param name="headDim">D.</param>
    /// <param name="warps">Warps of a block.</param>
    /// <param name="split">Warps that share 16 queries and divide the keys among themselves; a divisor of <paramref name="warps"/>.</param>
    /// <param name="keyTile">Keys held in shared memory at once, a multiple of 32; sequences that fit are read only once.</param>
    /// <param name="output">Int8 or Int16 codes.</param>
    public static KernelDefinition Attention(int headDim, int warps, int split, int keyTile, OutputType output)
    {
        var pitch = (headDim + 31) / 32 * 32 + 16;
        var tiles = (16 * warps / split + 2 * keyTile) * pitch;
        // What the warps hand each other in the end, in the same place: sums of 8 numbers a lane for 16 columns, and two more.
        var sums = split == 1 ? 0 : 32 * warps * ((headDim + 15) / 16 * 8 + 2) * sizeof(int);
        return new("attention.cu", "attention",
            [new("HEAD_DIM", headDim), new("WARPS", warps), new("SPLIT", split), new("KEY_TILE", keyTile), new("OUTPUT", (int)output)],
            32 * warps, Math.Max(tiles, sums));
    }

    /// <summary>Linear layer over int16 codes with int64 sums (task heads and layers kept out of INT8).
    /// Grid: (ceil(N / 4), T, 1): one warp computes one output.</summary>
    public static KernelDefinition GemmInt16(GemmEpilogue epilogue) =>
        new("gemm_s16.cu", "gemm_s16",
            [new("ACTIVATION", (int)epilogue.Activation), new("RESIDUAL", epilogue.Residual ? 1 : 0), new("OUTPUT", (int)epilogue.Output)],
            128, 0);
}

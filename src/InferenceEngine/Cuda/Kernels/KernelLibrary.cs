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

    /// <summary>Attention of every head. Grid: (ceil(longest sequence / (16 · warps)), heads, sequences).</summary>
    /// <param name="headDim">D.</param>
    /// <param name="warps">Warps of a block; each has 16 queries.</param>
    /// <param name="keyTile">Keys held in shared memory at once, a multiple of 32; sequences that fit are read only once.</param>
    /// <param name="output">Int8 or Int16 codes.</param>
    public static KernelDefinition Attention(int headDim, int warps, int keyTile, OutputType output)
    {
        var pitch = (headDim + 31) / 32 * 32 + 16;
        return new("attention.cu", "attention",
            [new("HEAD_DIM", headDim), new("WARPS", warps), new("KEY_TILE", keyTile), new("OUTPUT", (int)output)],
            32 * warps, (16 * warps + 2 * keyTile) * pitch);
    }

    /// <summary>Linear layer over int16 codes with int64 sums (task heads and layers kept out of INT8).
    /// Grid: (ceil(N / 4), T, 1): one warp computes one output.</summary>
    public static KernelDefinition GemmInt16(GemmEpilogue epilogue) =>
        new("gemm_s16.cu", "gemm_s16",
            [new("ACTIVATION", (int)epilogue.Activation), new("RESIDUAL", epilogue.Residual ? 1 : 0), new("OUTPUT", (int)epilogue.Output)],
            128, 0);
}

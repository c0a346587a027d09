namespace QatKit.InferenceEngine.Cuda.Compilation;

/// <summary>A compiled source.</summary>
/// <param name="Image">A cubin, or PTX text ending in a zero byte.</param>
/// <param name="Log">What the compiler and the assembler said; see <see cref="PtxasReport"/>.</param>
internal sealed record CompiledKernel(byte[] Image, string Log);

namespace QatKit.InferenceEngine.Cuda.Compilation;

/// <summary>Everything that a compilation reads, apart from the compiler and the target.</summary>
/// <param name="Name">File name, shown in the compiler's messages: <c>gemm_s8.cu</c>.</param>
/// <param name="Variant">The kernel with its constants, for people: <c>gemm_s8&lt;SPARSE=0, ...&gt;</c>.</param>
/// <param name="Text">CUDA C++.</param>
/// <param name="Headers">The headers that are included, directly or not, by the name of the include, sorted by name.</param>
/// <param name="Options">Compiler options, apart from the target's.</param>
internal sealed record KernelSource(
    string Name, string Variant, string Text, IReadOnlyList<KernelHeader> Headers, IReadOnlyList<string> Options);

/// <summary>A header of a kernel.</summary>
/// <param name="Name">Path relative to the kernels' folder: <c>common/ptx.cuh</c>.</param>
/// <param name="Text">CUDA C++.</param>
internal sealed record KernelHeader(string Name, string Text);

using QatKit.Core.Diagnostics;

namespace QatKit.InferenceEngine.Cuda.Compilation;

/// <summary>Stands for a compiler that could not be loaded: kernels of the cache still serve.</summary>
/// <param name="reason">Why there is none (QK6010).</param>
internal sealed class MissingCompiler(QatKitException reason) : IKernelCompiler
{
    /// <inheritdoc/>
    public string? Version => null;

    /// <inheritdoc/>
    public CompiledKernel Compile(KernelSource source, KernelTarget target) => throw new QatKitException(reason.Diagnostics, reason);
}

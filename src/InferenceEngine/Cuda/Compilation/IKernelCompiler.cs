namespace QatKit.InferenceEngine.Cuda.Compilation;

/// <summary>Turns CUDA C++ into what a device runs. Implementations are safe for concurrent calls.</summary>
internal interface IKernelCompiler
{
    /// <summary>Name and version; part of the cache's key.</summary>
    string Version { get; }

    /// <summary>Compiles a source.</summary>
    /// <exception cref="Core.Diagnostics.QatKitException">QK6011: it does not compile; the message has the log.</exception>
    CompiledKernel Compile(KernelSource source, KernelTarget target);
}

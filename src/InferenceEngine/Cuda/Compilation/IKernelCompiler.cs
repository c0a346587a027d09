namespace QatKit.InferenceEngine.Cuda.Compilation;

/// <summary>Turns CUDA C++ into what a device runs. Implementations are safe for concurrent calls.</summary>
internal interface IKernelCompiler
{
    /// <summary>Name and version, fit for a file name: <c>nvrtc-12.4</c>. Null when there is no compiler here: only what is in
    /// the cache can be had then.</summary>
    string? Version { get; }

    /// <summary>Compiles a source.</summary>
    /// <exception cref="Core.Diagnostics.QatKitException">QK6010: there is no compiler. QK6011: it does not compile; the message has the log.</exception>
    CompiledKernel Compile(KernelSource source, KernelTarget target);
}

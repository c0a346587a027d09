using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cuda.Backend;
using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.InferenceEngine.Tests.Cuda.Driver;

namespace QatKit.InferenceEngine.Tests.Cuda.Backend;

/// <summary>A CUDA backend on the fake driver, computing with <see cref="ReferenceKernels"/>.</summary>
internal static class FakeDevice
{
    public static (FakeCudaDriver Driver, CudaBackend Backend) Create(QuantizedGraph graph, CudaOptions? options = null, FakeCudaDriver? driver = null)
    {
        driver ??= new FakeCudaDriver();
        driver.OnLaunch = new ReferenceKernels(driver).Launch;
        return (driver, CudaBackend.Create(graph, driver, new KernelCache(new NoCompiler(), folder: null), options ?? new CudaOptions { MaxTokens = 128 }));
    }

    private sealed class NoCompiler : IKernelCompiler
    {
        public string? Version => "none";

        public CompiledKernel Compile(KernelSource source, KernelTarget target) => new([1], "");
    }
}

using System.Diagnostics;
using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cuda.Backend;
using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.InferenceEngine.Cuda.Driver;

namespace QatKit.InferenceEngine;

/// <summary>Chooses and loads the backend.</summary>
internal static class BackendFactory
{
    /// <summary>Loads the backend that the options ask for.</summary>
    /// <param name="graph">A valid graph.</param>
    /// <param name="options">The options.</param>
    /// <param name="artifactFolder">Folder of the model, which may hold compiled kernels in <c>kernels</c>.</param>
    /// <param name="openDriver">Opens the CUDA driver.</param>
    /// <returns>The backend, and why it is not CUDA where that was tried.</returns>
    public static (IComputeBackend Backend, string? Fallback) Create(
        QuantizedGraph graph, SessionOptions options, string? artifactFolder, Func<ICudaDriver> openDriver) =>
        Choose(options, artifactFolder, openDriver, () => graph, () => CpuBackend.Create(graph, options));

    /// <summary>Loads the backend that the options ask for from a model folder.</summary>
    /// <param name="directory">The artifact's folder.</param>
    /// <param name="options">The options.</param>
    /// <param name="openDriver">Opens the CUDA driver.</param>
    /// <returns>The backend, and why it is not CUDA where that was tried.</returns>
    public static (IComputeBackend Backend, string? Fallback) Load(string directory, SessionOptions options, Func<ICudaDriver> openDriver) =>
        Choose(options, directory, openDriver, () => ArtifactReader.Read(directory).Graph, () => CpuBackend.Load(directory, options));

    private static (IComputeBackend Backend, string? Fallback) Choose(
        SessionOptions options, string? artifactFolder, Func<ICudaDriver> openDriver, Func<QuantizedGraph> graph, Func<CpuBackend> cpu)
    {
        // A plan that cannot be read is a mistake, not a reason to run elsewhere.
        var plan = CudaOptions.WithPlan(options.CudaPlan);
        var asksForCpu = options.CpuTier != CpuTier.Auto || options.Threads != 0;
        if (options.Backend == EngineBackend.Cpu || (options.Backend == EngineBackend.Auto && asksForCpu)) return (cpu(), null);
        ICudaDriver? driver = null;
        QuantizedGraph? model = null;
        try
        {
            driver = openDriver();
            model = graph();
            return (Cuda(model, options, plan, artifactFolder, driver), null);
        }
        catch (QatKitException e) when (options.Backend == EngineBackend.Auto && (driver is null || model is not null)) // A damaged model runs nowhere.
        {
            var reason = string.Join("; ", e.Diagnostics);
            EngineEvents.Log.CudaNotUsed(reason);
            Activity.Current?.AddEvent(new ActivityEvent("cuda not used", tags: new ActivityTagsCollection { ["reason"] = reason }));
            return (model is null ? cpu() : CpuBackend.Create(model, options), reason);
        }
    }

    private static CudaBackend Cuda(QuantizedGraph graph, SessionOptions options, CudaOptions plan, string? artifactFolder, ICudaDriver driver)
    {
        var cache = new KernelCache(NvrtcCompiler.OpenOrMissing(), KernelCache.DefaultFolder, artifactFolder is null ? [] : [Path.Combine(artifactFolder, CudaKernels.FolderName)]);
        var backend = CudaBackend.Create(graph, driver, cache, plan with { Device = options.CudaDevice, WeightFormat = options.WeightFormat });
        try
        {
            // A missing compiler or a refused kernel must show now, while there is another choice.
            backend.Prepare();
            return backend;
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }
}

using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Cuda.Plans;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>The kernels that one context has loaded. Not thread-safe: its owner lets one caller in at a time.</summary>
internal sealed class KernelSet(ICudaDriver driver, CudaContext context, KernelCache cache, KernelTarget target) : IDisposable
{
    // Above this, static and dynamic together, a launch needs permission.
    private const int DefaultSharedBytes = 48 << 10;
    private readonly Dictionary<string, CudaFunction> _functions = [];

    /// <summary>Kernels loaded so far.</summary>
    public int Count => _functions.Count;

    /// <summary>Kernels that had to be compiled.</summary>
    public int Compiled { get; private set; }

    /// <summary>The kernel of a definition, loaded on first use.</summary>
    public CudaFunction Get(KernelDefinition definition)
    {
        var name = definition.ToString();
        if (_functions.TryGetValue(name, out var function)) return function;
        var (kernel, origin) = cache.Get(KernelSources.Load(definition), target);
        if (origin == KernelOrigin.Compiled) Compiled++;
        var module = driver.LoadModule(context, kernel.Image, name);
        try
        {
            function = driver.GetFunction(module, definition.EntryPoint);
            if (function.Registers < definition.LeastRegisters)
                throw new QatKitException("QK6011", name, $"was compiled to {function.Registers} registers a thread and waits for ever with fewer than {definition.LeastRegisters}. Use another version of NVRTC, or the plan '{GemmExclusions.NoWarpgroups}'.");
            // All kernels alike: a multiprocessor divides its memory anew only when it is idle, so a kernel that wants another share than the
            // one before cannot begin beside it.
            driver.PreferSharedMemory(function);
            if (definition.SharedBytes + function.StaticSharedBytes > DefaultSharedBytes) driver.AllowSharedMemory(function, definition.SharedBytes);
        }
        catch
        {
            module.Dispose();
            throw;
        }

        _functions.Add(name, function);
        return function;
    }

    /// <summary>Unloads the kernels.</summary>
    public void Dispose()
    {
        foreach (var function in _functions.Values) function.Module.Dispose();
        _functions.Clear();
    }
}

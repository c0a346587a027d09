using System.Reflection;
using System.Runtime.InteropServices;

namespace QatKit.InferenceEngine.Cuda.Driver;

/// <summary>Native entry points. A library is loaded at the first call into it, so the assembly works without CUDA.</summary>
internal static partial class NativeMethods
{
    /// <summary>Name under which the driver is imported; resolved to the platform's library.</summary>
    public const string Cuda = "cuda";

    /// <summary>Name under which the run-time compiler is imported.</summary>
    public const string Nvrtc = "nvrtc";

    static NativeMethods() => NativeLibrary.SetDllImportResolver(typeof(NativeMethods).Assembly, Resolve);

    /// <summary>The driver's library on this platform.</summary>
    public static string CudaLibrary => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    // Candidates in order; 0 leaves the search to the runtime, which looks for the name in the system.
    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        var candidates = name switch
        {
            Cuda => OperatingSystem.IsWindows() ? [CudaLibrary] : [CudaLibrary, "/usr/lib/wsl/lib/libcuda.so.1"],
            Nvrtc => Compilation.NvrtcLocator.Candidates(),
            _ => Enumerable.Empty<string>(),
        };
        foreach (var candidate in candidates)
        {
            if (name == Nvrtc) Compilation.NvrtcLocator.LoadBuiltins(candidate);
            if (NativeLibrary.TryLoad(candidate, out var handle)) return handle;
        }

        // Whoever names a folder means that one: an empty folder keeps this process from compiling with whatever the machine has.
        if (name == Nvrtc && Compilation.NvrtcLocator.NamedFolder is { } folder) throw new DllNotFoundException($"There is no {Nvrtc} in '{folder}'.");
        return 0;
    }
}

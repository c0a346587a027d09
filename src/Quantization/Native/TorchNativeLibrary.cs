using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace QatKit.Quantization.Native;

/// <summary>Finds TorchSharp's native library where the runtime's own probing does not, in this process and without root.</summary>
/// <remarks>Two cases: programs that run from the NuGet folder, where <c>libtorch.so</c> is in another folder than
/// <c>libLibTorchSharp.so</c>; and Linux systems whose libstdc++ lacks GLIBCXX_3.4.32 (Debian 12, Ubuntu 22.04, RHEL 9), where a
/// repaired copy is loaded (<see cref="LibstdcxxRepair"/>). Newer systems never get as far as this code's second case.
/// Registered by a module initializer, so that using any type of this assembly is enough.</remarks>
public static class TorchNativeLibrary
{
    private const string LibraryName = "LibTorchSharp";

    // libLibTorchSharp.so needs these; once loaded, the dynamic linker finds them by name.
    private static readonly string[] Prerequisites =
        ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"];

    private static readonly Lock Gate = new();
    private static bool _registered;

    /// <summary>How the library was found; for diagnostics.</summary>
    public static TorchNativeStatus Status { get; private set; } = TorchNativeStatus.SystemLoader;

    /// <summary>Makes sure that the resolver is registered. Calling it again does nothing.</summary>
    public static void Register()
    {
        lock (Gate)
        {
            if (_registered || !OperatingSystem.IsLinux()) return;
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => Resolve(name);
            _registered = true;
        }
    }

#pragma warning disable CA2255 // The resolver must exist before the first use of torch, wherever that is.
    [ModuleInitializer]
    internal static void Initialize() => Register();
#pragma warning restore CA2255

    /// <summary>Folders that are searched: those of the host's probing, the program's own, and its <c>runtimes/linux-x64/native</c>.</summary>
    internal static IEnumerable<string> SearchFolders()
    {
        var probing = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        var own = AppContext.BaseDirectory;
        return probing.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Append(own)
            .Append(Path.Combine(own, "runtimes", "linux-x64", "native"))
            .Distinct();
    }

    private static IntPtr Resolve(string name)
    {
        if (Path.GetFileNameWithoutExtension(name) is not (LibraryName or "lib" + LibraryName)) return IntPtr.Zero;
        lock (Gate)
        {
            if (Find("lib" + LibraryName + ".so") is not { } original) return IntPtr.Zero;
            foreach (var prerequisite in Prerequisites)
            {
                // CUDA parts are absent from a CPU build; a missing CPU part shows in the load below.
                if (Find(prerequisite) is { } path) NativeLibrary.TryLoad(path, out _);
            }

            if (NativeLibrary.TryLoad(original, out var handle))
            {
                Status = new TorchNativeStatus(TorchNativeSource.NuGetFolder, original, "");
                return handle;
            }

            return LoadRepaired(original);
        }
    }

    private static IntPtr LoadRepaired(string original)
    {
        try
        {
            var repaired = LibstdcxxRepair.RepairedCopy(original);
            var handle = NativeLibrary.Load(repaired);
            LibstdcxxRepair.DiscardTemporary(repaired);
            Status = new TorchNativeStatus(TorchNativeSource.Repaired, repaired, "libstdc++ of this system lacks GLIBCXX_3.4.32");
            return handle;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or DllNotFoundException or BadImageFormatException)
        {
            Status = new TorchNativeStatus(TorchNativeSource.Failed, original, e.Message);
            return IntPtr.Zero; // TorchSharp reports its own probing; `qatkit doctor` adds this reason.
        }
    }

    private static string? Find(string file) => SearchFolders().Select(d => Path.Combine(d, file)).FirstOrDefault(File.Exists);
}

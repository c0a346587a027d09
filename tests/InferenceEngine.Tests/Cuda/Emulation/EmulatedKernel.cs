using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Cuda.Emulation;

/// <summary>One kernel variant compiled by g++ with the CPU execution header (native/), and launched in this process.</summary>
internal sealed unsafe class EmulatedKernel
{
    private static readonly ConcurrentDictionary<string, Lazy<EmulatedKernel>> Compiled = new();

    private readonly KernelDefinition _definition;
    private readonly delegate* unmanaged<uint, uint, uint, uint, uint, void*, uint, uint, byte*> _launch;
    private readonly int _parameterBytes;
    private readonly Lock _oneLaunch = new();

    private EmulatedKernel(KernelDefinition definition, string parameters, string source)
    {
        _definition = definition;
        var library = NativeLibrary.Load(Build(definition, parameters, source));
        _launch = (delegate* unmanaged<uint, uint, uint, uint, uint, void*, uint, uint, byte*>)NativeLibrary.GetExport(library, "launch");
        _parameterBytes = (int)((delegate* unmanaged<uint>)NativeLibrary.GetExport(library, "parameter_bytes"))();
    }

    /// <summary>Folder of the C++ side.</summary>
    public static string NativeFolder { get; } = RepositoryRoot.Combine("tests", "InferenceEngine.Tests", "Cuda", "Emulation", "native");

    /// <summary>Folder of the kernels.</summary>
    public static string KernelFolder { get; } = RepositoryRoot.Combine("src", "InferenceEngine", "Cuda", "Kernels");

    /// <summary>Compiles a variant, once per process. Skips the test without g++ (fails where CI=true).</summary>
    /// <param name="definition">The variant.</param>
    /// <param name="parameters">Name of its parameter struct in C++.</param>
    /// <param name="folder">Where the source is, when it is not a kernel of the engine.</param>
    public static EmulatedKernel Get(KernelDefinition definition, string parameters, string? folder = null)
    {
        RequireCompiler();
        return Compiled.GetOrAdd($"{definition}, clusters of {definition.Cluster}",
            _ => new Lazy<EmulatedKernel>(() => new EmulatedKernel(definition, parameters, Path.Combine(folder ?? KernelFolder, definition.File)))).Value;
    }

    /// <summary>Runs a launch. The orders differ in when warps run and when asynchronous work is done; the results must not.</summary>
    public void Launch<T>(LaunchGrid grid, T parameters, EmulationOrder order = EmulationOrder.FallingEager)
        where T : unmanaged
    {
        if (TryLaunch(grid, parameters, order) is { } problem) Assert.Fail($"{_definition}: {problem}");
    }

    /// <summary>Runs a launch and says what went wrong, or null.</summary>
    public string? TryLaunch<T>(LaunchGrid grid, T parameters, EmulationOrder order)
        where T : unmanaged
    {
        Assert.Equal(_parameterBytes, sizeof(T));
        lock (_oneLaunch)
        {
            return Marshal.PtrToStringUTF8((nint)_launch((uint)grid.X, (uint)grid.Y, (uint)grid.Z, (uint)_definition.Threads,
                (uint)_definition.SharedBytes, &parameters, (uint)order, (uint)_definition.Cluster));
        }
    }

    private static void RequireCompiler()
    {
        if (OperatingSystem.IsLinux() && File.Exists("/usr/bin/g++")) return;
        const string Reason = "g++ is not installed: the CUDA kernels cannot run on the CPU.";
        if (Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail(Reason);
        Assert.Skip(Reason);
    }

    // The library's name is the hash of all that goes into it, so that a second run of the tests compiles nothing.
    private static string Build(KernelDefinition definition, string parameters, string source)
    {
        List<string> arguments =
        [
            "-O2", "-std=c++17", "-shared", "-fPIC", "-fvisibility=hidden", "-fno-gnu-unique", "-ffp-contract=off", "-fno-strict-aliasing",
            "-U_FORTIFY_SOURCE", "-Wno-psabi", "-I" + NativeFolder, "-I" + KernelFolder,
            $"-DKERNEL_FILE=\"{source}\"", "-DENTRY=" + definition.EntryPoint, "-DPARAMETERS=" + parameters,
            .. definition.Defines.Select(d => $"-D{d.Key}={d.Value}"),
            Path.Combine(NativeFolder, "entry.cpp"),
        ];
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Join('\n', arguments)));
        foreach (var file in Directory.EnumerateFiles(NativeFolder).Concat(Directory.EnumerateFiles(KernelFolder, "*.cu*", SearchOption.AllDirectories)).Order(StringComparer.Ordinal))
            hash.AppendData(File.ReadAllBytes(file));
        var folder = Path.Combine(AppContext.BaseDirectory, "emulation");
        var library = Path.Combine(folder, Convert.ToHexStringLower(hash.GetHashAndReset())[..32] + ".so");
        if (File.Exists(library)) return library;

        Directory.CreateDirectory(folder);
        var aside = library + "." + Environment.ProcessId;
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/g++", [.. arguments, "-o", aside]) { RedirectStandardError = true })!;
        var log = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) Assert.Fail($"g++ {string.Join(' ', arguments)}\n{log}");
        File.Move(aside, library, overwrite: true);
        return library;
    }
}

/// <summary>Order of an emulated block; values are the flags of native/entry.cpp.</summary>
internal enum EmulationOrder
{
    /// <summary>Warps first to last; asynchronous work is done when it is waited for: finds a missing wait.</summary>
    RisingLazy = 0,

    /// <summary>Warps last to first; asynchronous work is done at once: finds a buffer that is refilled too early.</summary>
    FallingEager = 3,
}

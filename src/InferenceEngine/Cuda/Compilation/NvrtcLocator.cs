using System.Runtime.InteropServices;

namespace QatKit.InferenceEngine.Cuda.Compilation;

/// <summary>Where the run-time compiler may be: a folder that was named, beside the program, the user's cache (eng/get-nvrtc.sh
/// puts it there), a CUDA toolkit, the system.</summary>
internal static class NvrtcLocator
{
    /// <summary>Environment variable that names a folder with the compiler; when set, no other place is searched.</summary>
    public const string FolderVariable = "QATKIT_NVRTC";

    /// <summary>The folder that was named, or null.</summary>
    public static string? NamedFolder => Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } named ? named : null;

    /// <summary>Library files and names to try, in order.</summary>
    public static IEnumerable<string> Candidates()
    {
        if (NamedFolder is { } named) return InFolder(named);
        return Folders().SelectMany(InFolder).Concat(SystemNames);
    }

    /// <summary>The candidate that loads, by the name or path under which it does; null when none does.</summary>
    public static string? Find() => Candidates().FirstOrDefault(candidate =>
    {
        if (!NativeLibrary.TryLoad(candidate, out var handle)) return false;
        NativeLibrary.Free(handle);
        return true;
    });

    /// <summary>Loads the compiler's companion library from the same folder, which the system's own search would not find.</summary>
    public static void LoadBuiltins(string candidate)
    {
        if (!Path.IsPathFullyQualified(candidate)) return;
        foreach (var file in Files(Path.GetDirectoryName(candidate)!, BuiltinsPattern))
            NativeLibrary.TryLoad(file, out _);
    }

    private static string LibraryPattern => OperatingSystem.IsWindows() ? "nvrtc64_*.dll" : "libnvrtc.so*";

    private static string BuiltinsPattern => OperatingSystem.IsWindows() ? "nvrtc-builtins64_*.dll" : "libnvrtc-builtins.so*";

    private static string[] SystemNames => OperatingSystem.IsWindows()
        ? ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll"]
        : ["libnvrtc.so.13", "libnvrtc.so.12"];

    private static IEnumerable<string> Folders()
    {
        yield return AppContext.BaseDirectory;
        if (UserCache.Folder() is { } cache)
        {
            foreach (var folder in SafeEnumerate(() => Directory.EnumerateDirectories(cache, "nvrtc-*"))) yield return folder;
        }

        foreach (var variable in new[] { "CUDA_PATH", "CUDA_HOME" })
        {
            if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } toolkit)
                yield return Path.Combine(toolkit, OperatingSystem.IsWindows() ? "bin" : "lib64");
        }

        if (!OperatingSystem.IsWindows()) yield return "/usr/local/cuda/lib64";
    }

    private static IEnumerable<string> InFolder(string folder) => Files(Path.GetFullPath(folder), LibraryPattern);

    // The longest name first: it is the file itself, not a link to it.
    private static IEnumerable<string> Files(string folder, string pattern) =>
        SafeEnumerate(() => Directory.EnumerateFiles(folder, pattern)).Where(f => !f.Contains(".alt.", StringComparison.Ordinal))
            .OrderByDescending(f => f.Length).ThenByDescending(f => f, StringComparer.Ordinal);

    private static string[] SafeEnumerate(Func<IEnumerable<string>> enumerate)
    {
        try
        {
            return [.. enumerate()];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // A folder that is not there, or not ours to read, has no compiler.
        }
    }
}

namespace QatKit.InferenceEngine.Cuda.Compilation;

/// <summary>The user's cache folder.</summary>
internal static class UserCache
{
    /// <summary><c>$XDG_CACHE_HOME/qatkit</c>, else <c>~/.cache/qatkit</c>; on Windows in the local application data. Null when
    /// the user has no home.</summary>
    public static string? Folder()
    {
        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } given) return Path.Combine(given, "qatkit");
        var special = OperatingSystem.IsWindows() ? Environment.SpecialFolder.LocalApplicationData : Environment.SpecialFolder.UserProfile;
        if (Environment.GetFolderPath(special) is not { Length: > 0 } root) return null;
        return OperatingSystem.IsWindows() ? Path.Combine(root, "qatkit", "cache") : Path.Combine(root, ".cache", "qatkit");
    }
}

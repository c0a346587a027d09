using System.Runtime.InteropServices;

namespace QatKit.Cli.CommandLine;

/// <summary>Tells exhausted memory from other failures: libtorch has no exception of its own for it, only words.</summary>
internal static class MemoryExhausted
{
    private static readonly string[] Words = ["out of memory", "can't allocate memory", "not enough memory"];

    public static bool Is(Exception exception) => exception.GetBaseException() switch
    {
        OutOfMemoryException => true,
        ExternalException e => Words.Any(w => e.Message.Contains(w, StringComparison.OrdinalIgnoreCase)),
        _ => false,
    };

    /// <summary>The first line: libtorch adds its own stack trace.</summary>
    public static string Reason(Exception exception) => exception.GetBaseException().Message.Split('\n')[0].TrimEnd(' ', '\r', '.') + ".";
}

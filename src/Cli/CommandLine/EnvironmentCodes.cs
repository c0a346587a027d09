using QatKit.Core.Diagnostics;

namespace QatKit.Cli.CommandLine;

/// <summary>Error codes that say that the machine lacks something, rather than that an input is wrong.</summary>
internal static class EnvironmentCodes
{
    public static bool Contains(Diagnostic diagnostic) =>
        diagnostic.Code is "QK5050" or "QK1140" || diagnostic.Code.StartsWith("QK6", StringComparison.Ordinal);
}

using QatKit.Core.Diagnostics;

namespace QatKit.Cli.CommandLine;

/// <summary>Error codes that say that the machine lacks something, rather than that an input is wrong.</summary>
internal static class EnvironmentCodes
{
    // A target or a plan that cannot be is the user's slip, whatever the machine.
    public static bool Contains(Diagnostic diagnostic) =>
        diagnostic.Code is "QK5050" or "QK1140" || (diagnostic.Code.StartsWith("QK6", StringComparison.Ordinal) && diagnostic.Code is not ("QK6012" or "QK6020"));
}

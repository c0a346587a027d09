using System.Globalization;
using System.Text.RegularExpressions;

namespace QatKit.InferenceEngine.Cuda.Compilation;

/// <summary>What one kernel takes of a multiprocessor, as the assembler reports it.</summary>
/// <param name="Kernel">Entry name.</param>
/// <param name="Registers">Registers per thread.</param>
/// <param name="StackBytes">Stack frame per thread: indexed arrays and spills.</param>
/// <param name="SpillStoreBytes">Bytes stored by spills, per thread.</param>
/// <param name="SpillLoadBytes">Bytes loaded by spills, per thread.</param>
/// <param name="StaticSharedBytes">Static shared memory per block.</param>
internal sealed record KernelUsage(
    string Kernel, int Registers, int StackBytes, int SpillStoreBytes, int SpillLoadBytes, int StaticSharedBytes);

/// <summary>Reads the log of a compilation with <c>--ptxas-options=-v</c>.</summary>
internal static partial class PtxasReport
{
    /// <summary>One entry for every kernel, sorted by name; empty for PTX, which no assembler has seen.</summary>
    public static IReadOnlyList<KernelUsage> Parse(string log)
    {
        var found = new List<KernelUsage>();
        foreach (Match entry in Entry().Matches(log))
        {
            int Number(string group) => entry.Groups[group].Success ? int.Parse(entry.Groups[group].ValueSpan, CultureInfo.InvariantCulture) : 0;
            found.Add(new KernelUsage(entry.Groups["kernel"].Value, Number("registers"), Number("stack"), Number("stores"), Number("loads"), Number("shared")));
        }

        return [.. found.OrderBy(k => k.Kernel, StringComparer.Ordinal)];
    }

    // ptxas info    : Compiling entry function 'k' for 'sm_80'
    // ptxas info    : Function properties for k
    // ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
    // ptxas info    : Used 12 registers, 512 bytes smem, 376 bytes cmem[0]
    [GeneratedRegex(@"Compiling entry function '(?<kernel>[^']+)'[^\n]*\n[^\n]*Function properties[^\n]*\n[^\n]*?(?<stack>\d+) bytes stack frame, (?<stores>\d+) bytes spill stores, (?<loads>\d+) bytes spill loads[^\n]*\n[^\n]*Used (?<registers>\d+) registers(?:[^\n]*?(?<shared>\d+) bytes smem)?")]
    private static partial Regex Entry();
}

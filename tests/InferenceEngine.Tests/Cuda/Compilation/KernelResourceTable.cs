using System.Globalization;
using System.Text;
using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Tests.Cuda.Compilation;

/// <summary>docs/kernel-resources.md: what every kernel takes of a multiprocessor.</summary>
internal static class KernelResourceTable
{
    /// <summary>The page.</summary>
    /// <param name="compiler">Name and version of the compiler.</param>
    /// <param name="rows">Every kernel with its usage by target.</param>
    public static string Render(string compiler, IEnumerable<(KernelDefinition Kernel, string Target, KernelUsage Usage)> rows)
    {
        var text = new StringBuilder($"""
            # Registers and shared memory of the kernels

            Every kernel that a plan for BERT-large can ask for, as {compiler} compiles and assembles it: registers of a thread, bytes of spills, static and
            dynamic shared memory of a block. No kernel may spill. The numbers of another compiler differ. Written by

            ```
            QATKIT_UPDATE=1 dotnet run --project tests/InferenceEngine.Tests -c Release -- -class {typeof(KernelCompilationTests).FullName}
            ```

            | kernel | target | threads | registers | spills | static | dynamic |
            |---|---|---:|---:|---:|---:|---:|

            """);
        foreach (var (kernel, target, usage) in rows.OrderBy(r => r.Kernel.ToString(), StringComparer.Ordinal).ThenBy(r => r.Target, StringComparer.Ordinal))
        {
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| `{kernel}` | {target} | {kernel.Threads} | {usage.Registers} | {usage.SpillStoreBytes + usage.SpillLoadBytes} | {usage.StaticSharedBytes} | {kernel.SharedBytes} |");
        }

        return text.ToString().ReplaceLineEndings("\n");
    }
}

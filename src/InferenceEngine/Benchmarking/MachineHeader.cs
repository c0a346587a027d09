using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Benchmarking;

/// <summary>What a measurement depends on besides the code: stands at the head of every table of results.</summary>
/// <param name="Processor">The processor's own name.</param>
/// <param name="InstructionSets">Those that matter here and that this process may use.</param>
/// <param name="LogicalProcessors">Processors that this process may use.</param>
/// <param name="OperatingSystem">Its description.</param>
/// <param name="Runtime">The .NET runtime.</param>
/// <param name="Date">Of the measurement, UTC, as yyyy-MM-dd.</param>
public sealed record MachineHeader(string Processor, string InstructionSets, int LogicalProcessors, string OperatingSystem, string Runtime, string Date)
{
    private const string CpuInfo = "/proc/cpuinfo", ModelName = "model name";

    /// <summary>Describes this machine.</summary>
    /// <param name="time">The clock that gives the date.</param>
    public static MachineHeader Of(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        (string Name, bool Supported)[] sets =
            [("AVX2", Avx2.IsSupported), ("FMA", Fma.IsSupported), ("AVX-VNNI", AvxVnni.IsSupported), ("AVX-512", Avx512F.IsSupported), ("AVX-512 VNNI", ProcessorFeatures.HasAvx512Vnni)];
        return new MachineHeader(ProcessorName(), string.Join(", ", sets.Where(s => s.Supported).Select(s => s.Name)), Environment.ProcessorCount,
            RuntimeInformation.OSDescription, RuntimeInformation.FrameworkDescription, time.GetUtcNow().ToString("yyyy-MM-dd", null));
    }

    /// <summary>One line for people.</summary>
    public override string ToString() =>
        FormattableString.Invariant($"{Processor} ({InstructionSets}), {LogicalProcessors} logical processors, {OperatingSystem}, {Runtime}, {Date}");

    private static string ProcessorName()
    {
        if (File.Exists(CpuInfo))
        {
            foreach (var line in File.ReadLines(CpuInfo))
                if (line.StartsWith(ModelName, StringComparison.Ordinal)) return line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        }

        return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}

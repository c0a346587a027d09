using System.Text.Json;
using System.Text.Json.Serialization;
using QatKit.Core.Files;
using QatKit.GpuCheck.Comparing;
using QatKit.GpuCheck.Kernels;
using QatKit.GpuCheck.Plans;
using QatKit.GpuCheck.Reporting;
using QatKit.GpuCheck.Soak;
using QatKit.GpuCheck.Timing;

namespace QatKit.GpuCheck;

/// <summary>The files that stages leave and the report reads.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(KernelReport))]
[JsonSerializable(typeof(PlanReport))]
[JsonSerializable(typeof(SoakReport))]
[JsonSerializable(typeof(TimingReport))]
[JsonSerializable(typeof(CpuComparisonReport))]
[JsonSerializable(typeof(PeerReport))]
[JsonSerializable(typeof(HostTorchReport))]
[JsonSerializable(typeof(CheckReport))]
internal sealed partial class CheckJson : JsonSerializerContext
{
    /// <summary>Writes a file, when one was asked for; a process that is stopped leaves the one before.</summary>
    public static void Write<T>(string? path, T value)
    {
        if (path is not null) AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, value, typeof(T), Default));
    }
}

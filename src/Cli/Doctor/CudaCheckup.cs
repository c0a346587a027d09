using System.Globalization;
using QatKit.InferenceEngine;

namespace QatKit.Cli.Doctor;

/// <summary>The CUDA part of the checkup. Nothing of it is required: the processor gives the same bits.</summary>
internal static class CudaCheckup
{
    private const string CpuNeedsNothing = "; the CPU needs nothing.";

    /// <summary>Driver, each device, compiler, kernel cache.</summary>
    public static IEnumerable<Finding> Findings(CudaEnvironment cuda)
    {
        yield return cuda.Driver is { } version
            ? new Finding("cuda driver", FindingState.Ok, false, $"supports CUDA {version}")
            : new Finding("cuda driver", FindingState.Missing, false, cuda.DriverProblem!, "Install or update NVIDIA's driver to use a GPU" + CpuNeedsNothing);
        foreach (var device in cuda.Devices)
        {
            var detail = Text($"{device.Name}, compute capability {device.ComputeCapability}, {device.Multiprocessors} multiprocessors, {device.MemoryBytes >> 20} MiB");
            yield return device.Target is { } target
                ? new Finding(Text($"cuda device {device.Ordinal}"), FindingState.Ok, false, $"{detail}, runs {target} kernels")
                : new Finding(Text($"cuda device {device.Ordinal}"), FindingState.Missing, false, detail + ", too old for the int8 kernels", "Use a device of compute capability 8.0 or later" + CpuNeedsNothing);
        }

        yield return cuda.Compiler is { } compiler
            ? new Finding("nvrtc", FindingState.Ok, false, $"{compiler} from {cuda.CompilerLibrary}")
            : new Finding("nvrtc", FindingState.Missing, false, cuda.CompilerProblem!, "Run eng/get-nvrtc.sh or install a CUDA toolkit to compile GPU kernels, or compile them elsewhere with 'qatkit kernels'" + CpuNeedsNothing);
        yield return cuda.KernelCache is { } folder
            ? new Finding("kernel cache", FindingState.Ok, false, Text($"{folder}, {cuda.CachedKernels} kernels, {cuda.CachedBytes >> 20} MiB"))
            : new Finding("kernel cache", FindingState.Missing, false, "this user has no home folder: kernels are compiled at each start", "Set HOME or XDG_CACHE_HOME.");
    }

    /// <summary>What a session computes with by itself, and what <c>auto</c> would choose and why.</summary>
    public static Finding Choice(IReadOnlyList<BackendAvailability> backends)
    {
        var cpu = backends.Last(b => b.Backend == "cpu" && b.IsAvailable);
        var cuda = backends.First(b => b.Backend == "cuda");
        return new Finding("backend", FindingState.Ok, true, $"cpu {cpu.Tier} by default; auto chooses "
            + (cuda.IsAvailable ? $"cuda {cuda.Tier}: {cuda.Reason}" : $"cpu {cpu.Tier}, because {cuda.Reason}"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

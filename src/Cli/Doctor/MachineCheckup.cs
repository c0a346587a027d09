using System.Runtime.InteropServices;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine;
using QatKit.Quantization.Native;
using TorchSharp;

namespace QatKit.Cli.Doctor;

/// <summary>Looks at the machine.</summary>
internal static class MachineCheckup
{
    public static IReadOnlyList<Finding> Run()
    {
        var backends = BackendProbe.Probe();
        return
        [
            new("qatkit", FindingState.Ok, true, $"{typeof(MachineCheckup).Assembly.GetName().Version?.ToString(3)}, numerics version {NumericsContract.Version}"),
            new("runtime", FindingState.Ok, true, $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}, {Environment.ProcessorCount} processors"),
            .. backends.Where(b => b.Backend == "cpu").Select(Tier), // CUDA has findings of its own.
            Torch(),
            .. CudaCheckup.Findings(BackendProbe.ProbeCuda()),
            CudaCheckup.Choice(backends),
        ];
    }

    private static Finding Tier(BackendAvailability tier) => new(
        $"{tier.Backend} {tier.Tier}", tier.IsAvailable ? FindingState.Ok : FindingState.Missing, tier.Tier == nameof(CpuTier.Scalar), tier.Reason,
        tier.IsAvailable ? "" : "Nothing to do: another tier gives the same bits, only more slowly.");

    private static Finding Torch()
    {
        try
        {
            using var probe = torch.zeros(1);
            var status = TorchNativeLibrary.Status;
            var how = status.Source switch
            {
                TorchNativeSource.Repaired => $", libstdc++ repair in use: {status.Reason}",
                TorchNativeSource.NuGetFolder => ", loaded from the package folder",
                _ => "",
            };
            return new Finding("libtorch", FindingState.Ok, true, $"{torch.__version__}, {(torch.cuda.is_available() ? "CUDA" : "CPU")}{how}");
        }
        catch (Exception e) when (e is DllNotFoundException or NotSupportedException or TypeInitializationException or EntryPointNotFoundException)
        {
            var reason = TorchNativeLibrary.Status.Reason is { Length: > 0 } known ? known : e.Message;
            return new Finding("libtorch", FindingState.Missing, true, reason, "Reference TorchSharp-cpu, or build with -p:QatKitTorch=cuda-linux or cuda-windows; inference does not need it.");
        }
    }
}

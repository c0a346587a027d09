using System.Globalization;
using System.Runtime.Intrinsics.X86;
using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cpu.Kernels;
using QatKit.InferenceEngine.Cuda;
using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.InferenceEngine.Cuda.Driver;

namespace QatKit.InferenceEngine;

/// <summary>Finds out what can run on this machine.</summary>
public static class BackendProbe
{
    private static readonly CpuTier[] CpuTiers = [CpuTier.Scalar, CpuTier.Avx2, CpuTier.AvxVnni, CpuTier.Avx512Vnni];

    /// <summary>Every backend tier in rising order of preference, available or not.</summary>
    public static IReadOnlyList<BackendAvailability> Probe() => [.. CpuTiers.Select(Cpu), Cuda()];

    /// <summary>Driver, devices, compiler and kernel cache, for people who want to know why CUDA is used or not.</summary>
    public static CudaEnvironment ProbeCuda()
    {
        string? driver = null, driverProblem = null, compiler = null, compilerProblem = null;
        CudaDeviceDescription[] devices = [];
        try
        {
            var opened = CudaDriver.Open();
            devices = [.. opened.Devices().Select(Describe)];
            driver = CudaErrors.VersionText(opened.Version);
        }
        catch (QatKitException e)
        {
            driverProblem = e.Message;
        }

        try
        {
            compiler = NvrtcCompiler.Open().Version;
        }
        catch (QatKitException e)
        {
            compilerProblem = e.Message;
        }

        var (kernels, bytes) = KernelCache.Contents(KernelCache.DefaultFolder);
        return new CudaEnvironment(driver, driverProblem, devices, compiler, compiler is null ? null : NvrtcLocator.Find(), compilerProblem,
            KernelCache.DefaultFolder, kernels, bytes);
    }

    internal static CudaDeviceDescription Describe(CudaDevice device) => new(device.Ordinal, device.Name, string.Create(CultureInfo.InvariantCulture, $"{device.Major}.{device.Minor}"),
        device.Multiprocessors, device.MemoryBytes, device.Capability < CudaErrors.MinimumCapability ? null : KernelTarget.For(device.Capability).Name);

    /// <summary>The fastest CPU tier available.</summary>
    internal static CpuTier BestCpuTier() =>
        CpuTiers.Last(tier => Cpu(tier).IsAvailable);

    /// <summary>Availability of one CPU tier.</summary>
    internal static BackendAvailability Cpu(CpuTier tier) => tier switch
    {
        CpuTier.Scalar => Report(tier, []),
        CpuTier.Avx2 => Report(tier, [("AVX2", Avx2.IsSupported), ("FMA", Fma.IsSupported)]),
        CpuTier.AvxVnni => Report(tier, [("AVX2", Avx2.IsSupported), ("FMA", Fma.IsSupported), ("AVX-VNNI", AvxVnni.IsSupported)]),
        CpuTier.Avx512Vnni => Avx512Vnni(),
        _ => throw new ArgumentOutOfRangeException(nameof(tier), tier, "Auto is a choice, not a tier."),
    };

    /// <summary>Availability of the first CUDA device.</summary>
    internal static BackendAvailability Cuda()
    {
        try
        {
            var driver = CudaDriver.Open();
            var device = CudaProbe.Choose(driver, 0);
            var compiler = NvrtcCompiler.OpenOrMissing().Version ?? "no NVRTC, so only kernels that were compiled before";
            return new BackendAvailability("cuda", KernelTarget.For(device.Capability).Name, true,
                $"{device}, driver for CUDA {CudaErrors.VersionText(driver.Version)}, {compiler}");
        }
        catch (QatKitException e)
        {
            return new BackendAvailability("cuda", "device", false, string.Join("; ", e.Diagnostics));
        }
    }

    private static BackendAvailability Avx512Vnni()
    {
        var report = Report(CpuTier.Avx512Vnni, [("AVX2", Avx2.IsSupported), ("FMA", Fma.IsSupported), ("AVX-512 VNNI", ProcessorFeatures.HasAvx512Vnni)]);
        // Nothing is placed where nothing would run it.
        return !report.IsAvailable || NativeTileCode.Problem.Length == 0 ? report : report with { IsAvailable = false, Reason = NativeTileCode.Problem };
    }

    private static BackendAvailability Report(CpuTier tier, ReadOnlySpan<(string Name, bool Supported)> needs)
    {
        var missing = new List<string>();
        var found = new List<string>();
        foreach (var (name, supported) in needs) (supported ? found : missing).Add(name);
        var reason = missing.Count > 0
            ? $"{string.Join(" and ", missing)} not offered by this processor, or switched off for this process"
            : needs.Length == 0 ? "runs everywhere" : $"{string.Join(", ", found)} found";
        return new BackendAvailability("cpu", tier.ToString(), missing.Count == 0, reason);
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using QatKit.Core.Diagnostics;

namespace QatKit.InferenceEngine.Cuda.Driver;

/// <summary>The messages of the driver's problems, in one place.</summary>
internal static class CudaErrors
{
    /// <summary>CUDA 12.0: launch attributes, and cubins of any 12.x compiler.</summary>
    public const int MinimumDriverVersion = 12000;

    /// <summary>sm_80: int8 <c>mma.sync</c> and <c>mma.sp</c>.</summary>
    public const int MinimumCapability = 80;

    /// <summary>The driver's library is not on the machine.</summary>
    public static QatKitException NoDriver(string library) => new("QK6001", library,
        "the CUDA driver is not installed on this machine. Install the NVIDIA driver, or run on the CPU.");

    /// <summary>The driver lacks a function or supports an older CUDA than needed.</summary>
    public static QatKitException DriverTooOld(int version) => new("QK6003", "CUDA driver", string.Create(CultureInfo.InvariantCulture,
        $"supports CUDA {VersionText(version)}, at least {VersionText(MinimumDriverVersion)} is needed. Update the NVIDIA driver, or run on the CPU."));

    /// <summary>No device, or none that is new enough.</summary>
    public static QatKitException NoDevice(string what) => new("QK6002", "CUDA", what);

    // A kernel did what the device cannot do, or the device failed.
    private static readonly string[] Faults =
    [
        "CUDA_ERROR_ILLEGAL_ADDRESS", "CUDA_ERROR_LAUNCH_FAILED", "CUDA_ERROR_ILLEGAL_INSTRUCTION", "CUDA_ERROR_MISALIGNED_ADDRESS", "CUDA_ERROR_INVALID_ADDRESS_SPACE",
        "CUDA_ERROR_INVALID_PC", "CUDA_ERROR_HARDWARE_STACK_ERROR", "CUDA_ERROR_LAUNCH_TIMEOUT", "CUDA_ERROR_ASSERT", "CUDA_ERROR_ECC_UNCORRECTABLE", "CUDA_ERROR_CONTAINED",
        "CUDA_ERROR_NVLINK_UNCORRECTABLE", "CUDA_ERROR_EXTERNAL_DEVICE", "CUDA_ERROR_TENSOR_MEMORY_LEAK", "CUDA_ERROR_CONTEXT_IS_DESTROYED", "CUDA_ERROR_UNKNOWN",
    ];

    /// <summary>True for an error that stays: every later call of the process gives it again, whatever it asks for.</summary>
    /// <param name="message">Message of an exception.</param>
    public static bool IsDeviceFault(string message) => Faults.Any(f => message.Contains($" failed with {f}: ", StringComparison.Ordinal));

    /// <summary>12040 -> 12.4.</summary>
    public static string VersionText(int version) => string.Create(CultureInfo.InvariantCulture, $"{version / 1000}.{version % 1000 / 10}");

    /// <summary>A call failed.</summary>
    /// <param name="api">CUDA function.</param>
    /// <param name="name">CUDA's name of the error.</param>
    /// <param name="text">CUDA's text.</param>
    /// <param name="what">What was being done, or empty.</param>
    [DoesNotReturn]
    public static void ThrowCall(string api, string name, string text, string what) => throw new QatKitException("QK6004", api,
        $"failed with {name}: {Sentence(text)}{(what.Length == 0 ? "" : $" While: {what}.")}");

    /// <summary>A launch failed.</summary>
    [DoesNotReturn]
    public static void ThrowLaunch(string api, string name, string text, CudaLaunch launch) => throw new QatKitException("QK6005", api,
        $"kernel {launch}: failed with {name}: {Sentence(text)}");

    /// <summary>Memory is exhausted.</summary>
    /// <param name="api">CUDA function.</param>
    /// <param name="bytes">What was asked for.</param>
    /// <param name="purpose">What for.</param>
    /// <param name="free">Free bytes; negative when unknown.</param>
    /// <param name="total">Bytes in all.</param>
    [DoesNotReturn]
    public static void ThrowOutOfMemory(string api, long bytes, string purpose, long free, long total)
    {
        var left = free < 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" ({free} of {total} are free)");
        throw new QatKitException("QK6006", api, string.Create(CultureInfo.InvariantCulture,
            $"{bytes} bytes for {purpose} cannot be had{left}. Use smaller batches, a smaller model, another device, or run on the CPU."));
    }

    private static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";
}

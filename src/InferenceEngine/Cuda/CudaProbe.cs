using QatKit.InferenceEngine.Cuda.Driver;

namespace QatKit.InferenceEngine.Cuda;

/// <summary>Finds a device that can run the kernels.</summary>
internal static class CudaProbe
{
    /// <summary>The device of a number.</summary>
    /// <exception cref="Core.Diagnostics.QatKitException">QK6002: there is no such device, or it is too old.</exception>
    public static CudaDevice Choose(ICudaDriver driver, int ordinal)
    {
        var devices = driver.Devices();
        if (ordinal < 0 || ordinal >= devices.Count)
            throw CudaErrors.NoDevice($"device {ordinal} does not exist; {devices.Count} visible: {string.Join(", ", devices)}. Choose one of them, or run on the CPU.");
        var device = devices[ordinal];
        if (device.Capability < CudaErrors.MinimumCapability)
            throw CudaErrors.NoDevice($"{device} is older than compute capability {CudaErrors.MinimumCapability / 10}.{CudaErrors.MinimumCapability % 10}, from which on the int8 kernels run. Choose another device, or run on the CPU.");
        return device;
    }
}

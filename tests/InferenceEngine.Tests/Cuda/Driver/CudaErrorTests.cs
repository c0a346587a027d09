using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cuda.Driver;

namespace QatKit.InferenceEngine.Tests.Cuda.Driver;

public sealed class CudaErrorTests
{
    [Fact]
    public void No_driver() => Assert.Equal(
        "QK6001 libcuda.so.1: the CUDA driver is not installed on this machine. Install the NVIDIA driver, or run on the CPU.",
        CudaErrors.NoDriver("libcuda.so.1").Message);

    [Fact]
    public void Driver_too_old() => Assert.Equal(
        "QK6003 CUDA driver: supports CUDA 11.4, at least 12.0 is needed. Update the NVIDIA driver, or run on the CPU.",
        CudaErrors.DriverTooOld(11040).Message);

    [Fact]
    public void A_failed_call_names_function_error_and_purpose() => Assert.Equal(
        "QK6004 cuModuleLoadDataEx: failed with CUDA_ERROR_INVALID_IMAGE: device kernel image is invalid. While: loading gemm_s8.cu.",
        Message(() => CudaErrors.ThrowCall("cuModuleLoadDataEx", "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid", "loading gemm_s8.cu")));

    [Fact]
    public void A_failed_launch_names_kernel_grid_block_shared_memory_and_shapes()
    {
        var driver = new FakeCudaDriver();
        using var context = driver.CreateContext(driver.InstalledDevices[0]);
        using var module = driver.LoadModule(context, [1], "gemm_s8<SPARSE=0>");
        var launch = new CudaLaunch(driver.GetFunction(module, "gemm_s8"), new Dim3(16, 2, 4), new Dim3(128), 73728, KernelArguments.Of(0), "X[128, 1024] W[1024, 1024]")
        {
            Cluster = new Dim3(2),
            OverlapsPredecessor = true,
        };
        Assert.Equal(
            "QK6005 cuLaunchKernelEx: kernel gemm_s8<SPARSE=0> grid (16, 2, 4) block (128, 1, 1) shared 73728 bytes cluster (2, 1, 1) programmatic, X[128, 1024] W[1024, 1024]: failed with CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES: too many resources requested for launch.",
            Message(() => CudaErrors.ThrowLaunch("cuLaunchKernelEx", "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch", launch)));
    }

    [Fact]
    public void Exhausted_memory_says_what_for_and_what_is_free()
    {
        var driver = new FakeCudaDriver { Capacity = 1000 };
        using var context = driver.CreateContext(driver.InstalledDevices[0]);
        using var first = driver.Allocate(context, 600, "weights");
        Assert.Equal(
            "QK6006 cuMemAlloc: 500 bytes for activations cannot be had (400 of 1000 are free). Use smaller batches, a smaller model, another device, or run on the CPU.",
            Message(() => driver.Allocate(context, 500, "activations")));
    }

    [Fact]
    public void The_real_driver_opens_or_says_what_is_missing()
    {
        try
        {
            Assert.True(CudaDriver.Open().Version >= CudaErrors.MinimumDriverVersion);
        }
        catch (QatKitException e)
        {
            Assert.Contains(Assert.Single(e.Diagnostics).Code, new[] { "QK6001", "QK6002", "QK6003", "QK6004" });
        }
    }

    [Fact]
    public void Errors_of_the_device_stay_and_errors_of_a_call_do_not()
    {
        string Call(string name) => Message(() => CudaErrors.ThrowCall("cuStreamSynchronize", name, "text", "waiting"));
        Assert.True(CudaErrors.IsDeviceFault(Call("CUDA_ERROR_ILLEGAL_ADDRESS")));
        Assert.True(CudaErrors.IsDeviceFault(Call("CUDA_ERROR_LAUNCH_FAILED")));
        Assert.False(CudaErrors.IsDeviceFault(Call("CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES")));
        Assert.False(CudaErrors.IsDeviceFault(CudaErrors.NoDriver("libcuda.so.1").Message));
    }

    private static string Message(Action action) => Assert.Throws<QatKitException>(action).Message;
}

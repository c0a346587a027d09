using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Benchmarking;
using QatKit.InferenceEngine.Cuda.Backend;
using QatKit.InferenceEngine.Tests.Cuda.Backend;
using QatKit.InferenceEngine.Tests.Cuda.Driver;

namespace QatKit.InferenceEngine.Tests.Benchmarking;

/// <summary>Timing of a device, on the fake driver: every kernel takes as long as it is told.</summary>
public sealed class DeviceTimingTests
{
    // 1 layer: embedding, 7 launches, pooler, classifier.
    private static readonly BenchmarkOptions Options = new()
    {
        Shape = "1x32x2x64", Batch = 2, SequenceLength = 16, Warmup = 1, Iterations = 3, Replays = 100, Kernels = true, Sparse24 = true,
    };

    [Fact]
    public void Replays_count_the_kernels_and_neither_copies_nor_the_head_start()
    {
        var driver = new FakeCudaDriver { Milliseconds = _ => 0.25 };
        var result = Run(driver, Options);
        Assert.Equal("cuda", result.Backend);
        var device = Assert.IsType<DeviceTiming>(result.Device);
        Assert.Equal((100, 2.5, 2.5, 2.5, 1), (device.Replays, device.P50Milliseconds, device.P95Milliseconds, device.P99Milliseconds, device.Passes));
        Assert.Equal(result.OperationsPerCall / 2.5e9, device.TeraOperationsPerSecond, 1e-12);
        Assert.Equal(("Fake GPU (device 0, compute capability 8.0, 108 multiprocessors, 1024 MiB)", "12.4"), (device.Device, device.DriverVersion));
        var measured = driver.Calls.SkipWhile(c => !c.EndsWith("without copies", StringComparison.Ordinal)).Skip(1);
        Assert.DoesNotContain(measured, c => c.StartsWith("to ", StringComparison.Ordinal));
        Assert.Empty(driver.Open);
    }

    [Fact]
    public void Every_launch_has_its_plan_its_shape_and_its_own_time()
    {
        var driver = new FakeCudaDriver { Registers = 32, Milliseconds = l => l.Function.Name == "attention" ? 0.5 : 0.125 };
        var kernels = Run(driver, Options).Device!.Kernels;
        Assert.Equal(["embed_layernorm", "gemm_s8", "attention", "gemm_s8", "layernorm", "gemm_s8", "gemm_s8", "layernorm", "gemm_s8", "gemm_s16"], kernels.Select(k => k.Kernel));
        Assert.All(kernels, k => Assert.Equal(k.Kernel == "attention" ? 500 : 125, k.Microseconds, 1e-6));
        Assert.Equal(
            new KernelTiming("gemm_s8", "32x32/1x2/4/1", "bert.encoder.layer.0.attention.self.query X[32, 32] W[96, 32] 2:4", 3, 64, 26624, 32, 125, 2.0 * 32 * 96 * 32 / 0.125e9), kernels[1]);
        Assert.Equal(("1x1x32", 4.0 * 2 * 32 * 32 * 32 / 0.5e9), (kernels[2].Plan, kernels[2].TeraOperationsPerSecond));
        Assert.Equal(("", 0), (kernels[0].Plan, kernels[0].TeraOperationsPerSecond));
    }

    [Fact]
    public void A_batch_of_several_passes_takes_the_sum_of_them()
    {
        var driver = new FakeCudaDriver { Milliseconds = _ => 0.25 };
        var device = Run(driver, Options with { Batch = 80, Kernels = false }).Device!; // 1280 tokens in passes of 512
        Assert.Equal((3, 7.5), (device.Passes, device.P50Milliseconds));
        Assert.Empty(device.Kernels);
        Assert.Contains(device.Plans, p => p.StartsWith("X[512, 32] W[96, 32] 2:4: ", StringComparison.Ordinal));
    }

    [Fact]
    public void The_processor_has_no_device_time() =>
        Assert.Null(InferenceBenchmark.Run(Options with { Session = new SessionOptions { Threads = 1 } }, TestContext.Current.CancellationToken).Device);

    [Fact]
    public void A_plan_that_cannot_be_read_is_an_error_on_every_backend() => Assert.Equal(
        "QK6020 plan: '64x64': it is not of the form features x tokens / warps x warps / stages / splits, for example 128x64/4x2/3/1, or wgmma/128x128/6/4/1, or no-clusters, or no-wgmma. Correct the plan, or leave the choice to the engine.",
        Assert.Throws<QatKitException>(() => InferenceBenchmark.Run(Options with { Session = new SessionOptions { CudaPlan = "64x64" } }, TestContext.Current.CancellationToken)).Message);

    private static BenchmarkResult Run(FakeCudaDriver driver, BenchmarkOptions options) => InferenceBenchmark.Run(
        options,
        graph => InferenceSession.Wrap(FakeDevice.Create(graph, new CudaOptions { MaxTokens = 128 }, driver).Backend),
        TestContext.Current.CancellationToken);
}

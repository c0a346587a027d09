using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Tests.Cuda.Driver;

namespace QatKit.InferenceEngine.Tests.Cuda.Backend;

public sealed class BackendFactoryTests
{
    private const string TooOld = "QK6002 CUDA: Fake GPU (device 0, compute capability 7.5, 108 multiprocessors, 1024 MiB) is older than compute capability 8.0, "
        + "from which on the int8 kernels run. Choose another device, or run on the CPU.";

    private static readonly QuantizedGraph Graph = SyntheticGraph.Create(new BertArchitecture(1, 32, 2, 64, 20, 16, 2, 2), 1);

    [Fact]
    public void Without_a_usable_device_the_cpu_runs_and_the_description_says_why()
    {
        var (backend, fallback) = BackendFactory.Create(Graph, new SessionOptions { Backend = EngineBackend.Auto }, null, OldDevice);
        using var session = InferenceSession.Wrap(Graph, backend, fallback);
        Assert.Equal("cpu", session.Backend);
        Assert.EndsWith("; CUDA not used: " + TooOld, session.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_driver_the_cpu_runs()
    {
        var (backend, fallback) = BackendFactory.Create(Graph, new SessionOptions { Backend = EngineBackend.Auto }, null, () => throw CudaErrors.NoDriver("libcuda.so.1"));
        using (backend) Assert.Equal("cpu", backend.Name);
        Assert.Equal("QK6001 libcuda.so.1: the CUDA driver is not installed on this machine. Install the NVIDIA driver, or run on the CPU.", fallback);
    }

    [Fact]
    public void A_demand_for_cuda_that_cannot_be_met_is_an_error() => Assert.Equal(
        TooOld,
        Assert.Throws<QatKitException>(() => BackendFactory.Create(Graph, new SessionOptions { Backend = EngineBackend.Cuda }, null, OldDevice)).Message);

    [Theory]
    [InlineData(EngineBackend.Cpu, 0, CpuTier.Auto)]
    [InlineData(EngineBackend.Auto, 2, CpuTier.Auto)]
    [InlineData(EngineBackend.Auto, 0, CpuTier.Scalar)]
    public void Asking_for_the_cpu_its_threads_or_its_tier_never_opens_the_driver(EngineBackend backend, int threads, CpuTier tier)
    {
        var options = new SessionOptions { Backend = backend, Threads = threads, CpuTier = tier };
        var (created, fallback) = BackendFactory.Create(Graph, options, null, () => throw new InvalidOperationException("The driver was opened."));
        using (created) Assert.Equal(("cpu", null), (created.Name, fallback));
    }

    [Fact]
    public void The_probe_says_whether_a_device_can_run_and_why()
    {
        var cuda = Assert.Single(BackendProbe.Probe(), b => b.Backend == "cuda");
        Assert.Matches(cuda.IsAvailable ? "driver for CUDA" : "^QK600[1-4] ", cuda.Reason);
    }

    private static FakeCudaDriver OldDevice()
    {
        var driver = new FakeCudaDriver();
        driver.InstalledDevices[0] = FakeCudaDriver.Device(7, 5);
        return driver;
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Tracing;
using System.Globalization;
using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.Export;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Tests.Cuda.Driver;
using QatKit.TestKit;

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
        using var session = InferenceSession.Wrap(backend, fallback);
        Assert.Equal("cpu", session.Backend);
        Assert.EndsWith("; CUDA not used: " + TooOld, session.Description, StringComparison.Ordinal);
        Assert.Equal(TooOld, session.Fallback);
    }

    [Fact]
    public void The_reason_is_a_warning_of_the_event_source_and_an_event_of_the_trace()
    {
        using var listener = new WarningListener();
        using var activity = new Activity("load").Start();
        BackendFactory.Create(Graph, new SessionOptions { Backend = EngineBackend.Auto }, null, OldDevice).Backend.Dispose();
        Assert.Contains("Warning CUDA is not used: " + TooOld, listener.Messages);
        Assert.Equal("cuda not used reason=" + TooOld, string.Join(' ', activity.Events.Select(e => $"{e.Name} {string.Join(' ', e.Tags.Select(t => $"{t.Key}={t.Value}"))}")));
    }

    [Fact]
    public void Without_a_driver_the_cpu_runs()
    {
        var (backend, fallback) = BackendFactory.Create(Graph, new SessionOptions { Backend = EngineBackend.Auto }, null, () => throw CudaErrors.NoDriver("libcuda.so.1"));
        using (backend) Assert.Equal("cpu", backend.Name);
        Assert.Equal("QK6001 libcuda.so.1: the CUDA driver is not installed on this machine. Install the NVIDIA driver, or run on the CPU.", fallback);
    }

    [Fact]
    public void Without_a_driver_a_folder_is_loaded_on_the_cpu()
    {
        using var folder = new TempFolder();
        var (backend, fallback) = BackendFactory.Load(Write(folder), new SessionOptions { Backend = EngineBackend.Auto }, () => throw CudaErrors.NoDriver("libcuda.so.1"));
        using var session = InferenceSession.Wrap(backend, fallback);
        var batch = SyntheticGraph.CreateBatch(Graph.Architecture, [3], 1);
        Assert.StartsWith("QK6001 ", session.Fallback, StringComparison.Ordinal);
        Assert.Equal(ReferenceExecutor.Run(Graph, batch), session.Run(batch));
    }

    [Fact]
    public void A_damaged_folder_is_no_reason_to_run_elsewhere()
    {
        using var listener = new WarningListener();
        using var folder = new TempFolder();
        var path = Write(folder);
        File.WriteAllText(Path.Combine(path, ArtifactFiles.Config), "{}");
        var error = Assert.Throws<QatKitException>(() => BackendFactory.Load(path, new SessionOptions { Backend = EngineBackend.Auto }, () => new FakeCudaDriver()));
        Assert.Equal("QK4012", Assert.Single(error.Diagnostics).Code);
        Assert.DoesNotContain(listener.Messages, m => m.Contains("QK4012", StringComparison.Ordinal));
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

    [Fact]
    public void The_environment_has_what_was_found_or_why_not()
    {
        var cuda = BackendProbe.ProbeCuda();
        Assert.NotEqual(cuda.Driver is null, cuda.DriverProblem is null);
        Assert.NotEqual(cuda.Compiler is null, cuda.CompilerProblem is null);
        Assert.Equal(cuda.Compiler is null, cuda.CompilerLibrary is null);
        Assert.Equal(new CudaDeviceDescription(0, "Fake GPU", "9.0", 132, 1L << 30, "sm_90a"), BackendProbe.Describe(FakeCudaDriver.Hopper));
        Assert.Null(BackendProbe.Describe(FakeCudaDriver.Device(7, 5)).Target);
    }

    private sealed class WarningListener : EventListener
    {
        public ConcurrentBag<string> Messages { get; } = [];

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == EngineTelemetry.Name) EnableEvents(eventSource, EventLevel.Warning);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData) =>
            Messages.Add($"{eventData.Level} {string.Format(CultureInfo.InvariantCulture, eventData.Message!, [.. eventData.Payload!])}");
    }

    private static string Write(TempFolder folder)
    {
        var path = folder.Combine("model");
        ArtifactWriter.Write(Graph, new ArtifactDetails { Labels = ["no", "yes"], MaxSequenceLength = 16, LowerCase = true }, null, path, cancellation: TestContext.Current.CancellationToken);
        return path;
    }

    private static FakeCudaDriver OldDevice()
    {
        var driver = new FakeCudaDriver();
        driver.InstalledDevices[0] = FakeCudaDriver.Device(7, 5);
        return driver;
    }
}

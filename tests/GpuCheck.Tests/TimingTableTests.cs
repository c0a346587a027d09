using QatKit.Core.Graph;
using QatKit.GpuCheck.Timing;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Cuda.Backend;
using QatKit.InferenceEngine.Tests.Cuda.Backend;
using QatKit.InferenceEngine.Tests.Cuda.Driver;

namespace QatKit.GpuCheck.Tests;

public sealed class TimingTableTests
{
    private static readonly TimingOptions Options = new(
        ["1x32x2x64"], [false, true], [1, 2], [16], Kernels: true, Replays: 60, CellSeconds: 0.001, Limit: TimeSpan.FromMinutes(5));

    [Fact]
    public void Every_configuration_is_timed_on_a_model_that_is_loaded_once()
    {
        int loaded = 0, kept = 0;
        var report = TimingTable.Run(Options, graph =>
        {
            loaded++;
            return Session(graph);
        }, TextWriter.Null, _ => kept++);
        Assert.Equal([(false, 1), (false, 2), (true, 1), (true, 2)], report.Cells.Select(c => (c.Result.Options.Sparse24, c.Result.Options.Batch)));
        Assert.Equal((2, 4), (loaded, kept));
        Assert.Empty(report.NotMeasured);
        Assert.Equal(("Fake GPU (device 0, compute capability 8.0, 108 multiprocessors, 1024 MiB)", "12.4"), (report.Device, report.DriverVersion));
        Assert.All(report.Cells, c =>
        {
            // Ten launches of a quarter of a millisecond; no time for more than the least number of replays.
            Assert.Equal((50, 2.5, 10), (c.Result.Device!.Replays, c.Result.Device.P50Milliseconds, c.Result.Device.Kernels.Count));
            Assert.Null(c.FloorMilliseconds);
            Assert.Null(c.PercentOfFloor);
        });
    }

    [Fact]
    public void When_no_time_is_left_no_model_is_made()
    {
        var report = TimingTable.Run(Options with { Limit = TimeSpan.Zero }, _ => throw new InvalidOperationException("made"), TextWriter.Null, _ => { });
        Assert.Empty(report.Cells);
        Assert.Equal(["1x32x2x64 dense b1 s16: no time was left", "1x32x2x64 dense b2 s16: no time was left", "1x32x2x64 2:4 b1 s16: no time was left", "1x32x2x64 2:4 b2 s16: no time was left"], report.NotMeasured);
    }

    [Fact]
    public void Fewer_replays_than_usual_can_be_asked_for() =>
        Assert.All(TimingTable.Run(Options with { Replays = 3, Kernels = false }, Session, TextWriter.Null, _ => { }).Cells, c => Assert.Equal(3, c.Result.Device!.Replays));

    private static InferenceSession Session(QuantizedGraph graph) =>
        InferenceSession.Wrap(FakeDevice.Create(graph, new CudaOptions { MaxTokens = 64 }, new FakeCudaDriver { Milliseconds = _ => 0.25 }).Backend);
}

using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.InferenceEngine.Cuda.Backend;
using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Plans;
using QatKit.InferenceEngine.Tests.Model;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Cuda.Backend;

/// <summary>The backend on a real device. Skipped, with the reason, where there is none.</summary>
/// <remarks>eng/gpu-check.sh runs them with the kernels that it packs (KernelCheck.Definitions) and no compiler.</remarks>
public sealed class DeviceTests
{
    // eng/gpu-check.sh sets it where warpgroup products have failed: an error of the device would take the other tests along.
    private static readonly GemmExclusion Without = Environment.GetEnvironmentVariable("QATKIT_TEST_WITHOUT") is { Length: > 0 } family ? CudaOptions.WithPlan("no-" + family).Without : GemmExclusion.None;

    [Theory]
    [InlineData(64, 2, false, null)]
    [InlineData(128, 2, true, null)]
    [InlineData(256, 1, true, "32x32/1x2/4/2")]
    [InlineData(1024, 1, false, null)]
    [InlineData(1024, 1, true, null)]
    [InlineData(256, 1, false, "wgmma/256x128/6/1/1")]
    [InlineData(256, 1, true, "wgmma/256x128/6/1/1")]
    [InlineData(256, 1, false, "wgmma/128x128/6/1/1")]
    [InlineData(256, 1, true, "wgmma/128x128/6/1/1")]
    [InlineData(256, 1, false, "wgmma/128x128/6/4/1")]
    [InlineData(256, 1, true, "wgmma/128x128/6/4/1")]
    [InlineData(256, 1, false, "wgmma/128x128/6/1/2")]
    [InlineData(256, 1, true, "wgmma/128x128/6/4/2")]
    public void Every_tensor_equals_the_reference(int hidden, int layers, bool sparse24, string? plan)
    {
        var driver = RequireDevice();
        var architecture = new BertArchitecture(layers, hidden, hidden / 32, 2 * hidden, 50, 140, 2, 3);
        var graph = SyntheticGraph.Create(architecture, 31, sparse24);
        var batch = SyntheticGraph.CreateBatch(architecture, [7, 1, 33, 129], 32);
        var choice = plan is null ? null : GemmChoice.Parse(plan);
        Assert.SkipWhen(choice is not null && Without.Covers(choice), "Warpgroup products, or those in clusters, are left out.");
        Assert.SkipWhen(choice is WarpgroupChoice && !driver.Devices()[0].IsHopper, "The device has no warpgroup products.");
        var expected = new RecordedTrace();
        var logits = ReferenceExecutor.Run(graph, batch, expected);
        using var backend = Create(driver, graph, choice);
        var actual = new RecordedTrace();
        TensorAssert.BitEqual(logits, backend.Run(batch, actual), 3);
        RecordedTrace.AssertEqual(expected, actual);
        // Launch by launch and captured; then replayed.
        for (var i = 0; i < 20; i++) TensorAssert.BitEqual(logits, backend.Run(batch, null), 3, $"run {i}");
    }

    public static TheoryData<string, bool> Plans()
    {
        var plans = new TheoryData<string, bool>();
        foreach (var tile in GemmPlanner.Tiles)
            foreach (var sparse24 in new[] { false, true }) plans.Add(new TileChoice(tile, 2).ToString(), sparse24);
        return plans;
    }

    // One model with one plan at a time: a tile that fails to launch or to add up is named.
    [Theory]
    [MemberData(nameof(Plans))]
    public void Every_tile_with_split_sums_equals_the_reference(string plan, bool sparse24)
    {
        var driver = RequireDevice();
        var architecture = new BertArchitecture(1, 256, 4, 512, 50, 140, 2, 3);
        var graph = SyntheticGraph.Create(architecture, 41, sparse24);
        var batch = SyntheticGraph.CreateBatch(architecture, [140, 1, 60], 42);
        var expected = new RecordedTrace();
        var logits = ReferenceExecutor.Run(graph, batch, expected);
        using var backend = Create(driver, graph, GemmChoice.Parse(plan));
        var actual = new RecordedTrace();
        TensorAssert.BitEqual(logits, backend.Run(batch, actual), 3);
        RecordedTrace.AssertEqual(expected, actual);
        for (var i = 0; i < 5; i++) TensorAssert.BitEqual(logits, backend.Run(batch, null), 3, $"run {i}");
    }

    [Fact]
    public void Batches_of_all_sizes_equal_the_reference()
    {
        var driver = RequireDevice();
        var architecture = new BertArchitecture(1, 128, 2, 256, 50, 512, 2, 2);
        var graph = SyntheticGraph.Create(architecture, 33, sparse24: true);
        using var backend = Create(driver, graph, null);
        foreach (var lengths in new int[][] { [1], [512], [31, 32, 33], [.. Enumerable.Range(1, 60)], [.. Enumerable.Repeat(300, 8)] })
        {
            var batch = SyntheticGraph.CreateBatch(architecture, lengths, 34);
            TensorAssert.BitEqual(ReferenceExecutor.Run(graph, batch), backend.Run(batch, null), 2, $"{batch.TokenCount} tokens");
        }
    }

    private static CudaBackend Create(ICudaDriver driver, QuantizedGraph graph, GemmChoice? choice) => CudaBackend.Create(
        graph, driver, new KernelCache(NvrtcCompiler.OpenOrMissing(), KernelCache.DefaultFolder), new CudaOptions { MaxTokens = 4096, ForcedPlan = choice, Without = Without });

    private static CudaDriver RequireDevice()
    {
        try
        {
            var driver = CudaDriver.Open();
            InferenceEngine.Cuda.CudaProbe.Choose(driver, 0);
            return driver;
        }
        catch (QatKitException e)
        {
            Assert.Skip(e.Message);
            throw;
        }
    }
}

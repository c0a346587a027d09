using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.GpuCheck.Soak;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;
using QatKit.InferenceEngine.Cuda.Backend;
using QatKit.InferenceEngine.Tests.Cuda.Backend;
using QatKit.Testing;

namespace QatKit.GpuCheck.Tests;

public sealed class SoakTests
{
    private static readonly BertArchitecture Small = new(1, 16, 2, 32, 20, SoakModel.MaxPositions, 2, 2);

    [Fact]
    public void Shares_add_up_and_every_shape_is_dense_and_2_4()
    {
        Assert.Equal(1000, SoakModel.All.Sum(m => m.Share));
        Assert.All(SoakModel.All.GroupBy(m => m.Shape), g => Assert.Equal([false, true], g.Select(m => m.Sparse24)));
        Assert.All(SoakModel.All, m => Assert.Equal(SoakModel.MaxPositions, ModelShape.Parse(m.Shape, SoakModel.MaxPositions).MaxPositions));
    }

    [Fact]
    public void Batches_have_the_sentences_asked_for_mixed_sizes_and_all_lengths()
    {
        var batches = SoakBatches.Create(Small, 2000, seed: 5).ToArray();
        var lengths = batches.SelectMany(b => Enumerable.Range(0, b.Count).Select(b.LengthOf)).ToArray();
        Assert.Equal(2000, lengths.Length);
        Assert.Equal((1, SoakModel.MaxPositions), (lengths.Min(), lengths.Max()));
        Assert.Empty(new[] { 1, 2, 3, 5, 8, 16, 33, 64 }.Except(batches.Select(b => b.Count)));
        Assert.Equal(batches[7].InputIds, SoakBatches.Create(Small, 2000, seed: 5).ElementAt(7).InputIds);
    }

    [Fact]
    public void Equal_implementations_pass_with_every_number_counted()
    {
        var graph = SyntheticGraph.Create(Small, 1);
        using var expected = EngineImplementations.Create(graph, new SessionOptions { Threads = 1, CpuTier = CpuTier.Scalar });
        using var actual = EngineImplementations.Create(graph, new SessionOptions { Threads = 1 });
        var batches = new[] { SyntheticGraph.CreateBatch(Small, [3, 1], 1), SyntheticGraph.CreateBatch(Small, [7], 2) };
        var report = SoakRun.Compare("small", expected, actual, batches, stop: () => false);
        Assert.Equal((2, 3, 11L, 0), (report.Batches, report.Sentences, report.Tokens, report.Different));
        Assert.Empty(report.Divergences);
        // The first batch is traced, so that more than its logits is compared.
        Assert.True(report.Numbers > 3 * Small.Classes, $"{report.Numbers} numbers");
        Assert.True(new SoakReport(3, [report], 1).Passed);
        Assert.False(new SoakReport(4, [report], 1).Passed); // one sentence was not compared
        Assert.True(new SoakReport(4, [report], 1) { TimeWasOver = true }.Passed);
        Assert.False(new SoakReport(4, [], 1) { TimeWasOver = true }.Passed);
    }

    [Fact]
    public void The_cuda_backend_equals_the_processor_over_every_model_in_its_share()
    {
        SoakModel[] models = [new("1x16x2x32", false, 1), new("1x16x2x32", true, 2)];
        var kept = new List<int>();
        var report = SoakRun.Run(models, sentences: 9, TimeSpan.FromMinutes(5), graph =>
        {
            var session = InferenceSession.Wrap(FakeDevice.Create(graph, new CudaOptions()).Backend);
            return new Implementation("fake device", (batch, trace) => session.Run(batch, trace), session);
        }, TextWriter.Null, soFar => kept.Add(soFar.Sentences));
        Assert.Equal([("1x16x2x32 dense", 3), ("1x16x2x32 2:4", 6)], report.Models.Select(m => (m.Model, m.Sentences)));
        Assert.Empty(report.Models.SelectMany(m => m.Divergences));
        Assert.True(report.Passed);
        Assert.Equal([3, 9], kept);
    }

    [Fact]
    public void A_difference_is_named_where_it_begins_and_the_rest_is_counted()
    {
        var graph = SyntheticGraph.Create(Small, 1);
        using var expected = Implementation.Reference(graph);
        // One bit of one weight of the FFN: what comes before is equal.
        var changed = SyntheticGraph.Create(Small, 1);
        changed.Layers[0].Intermediate.Int8Weight![5] ^= 64;
        using var actual = new Implementation("changed", Implementation.Reference(changed).Run);
        var batches = SoakBatches.Create(Small, 60, seed: 3).ToArray();
        var report = SoakRun.Compare("small", expected, actual, batches, stop: () => false);
        Assert.InRange(report.Different, 1, 60);
        Assert.Equal(60, report.Sentences);
        Assert.InRange(report.Divergences.Count, 1, 10);
        Assert.Matches(@"^small, batch \d+ of \d+ sentences \[[\d, .]+\]: first divergence in bert\.encoder\.layer\.0\.intermediate\S* at \[\d+, 0\]: expected -?\d+, actual -?\d+.*; \d+ of \d+ elements differ$", report.Divergences[0]);
        Assert.False(new SoakReport(60, [report], 1).Passed);
    }

    [Fact]
    public void Nothing_starts_after_the_limit()
    {
        using var reference = Implementation.Reference(SyntheticGraph.Create(Small, 1));
        var asked = 0;
        var report = SoakRun.Compare("small", reference, reference, SoakBatches.Create(Small, 100, seed: 3), stop: () => ++asked > 2);
        Assert.Equal(2, report.Batches);
    }

    [Fact]
    public void A_device_error_ends_the_model_and_names_the_batch()
    {
        using var reference = Implementation.Reference(SyntheticGraph.Create(Small, 1));
        using var broken = new Implementation("broken", (_, _) => throw new QatKitException("QK6005", "cuLaunchKernelEx", "kernel gemm_s8 failed."));
        var report = SoakRun.Compare("small", reference, broken, [SyntheticGraph.CreateBatch(Small, [3, 1], 1)], stop: () => false);
        Assert.Equal(["small, batch 0 of 2 sentences [3, 1]: QK6005 cuLaunchKernelEx: kernel gemm_s8 failed."], report.Divergences);
        Assert.False(new SoakReport(0, [report], 1).Passed);
    }
}

using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.GpuCheck.Kernels;
using QatKit.GpuCheck.Plans;
using QatKit.InferenceEngine.Benchmarking;
using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.InferenceEngine.Cuda.Plans;
using QatKit.Testing;

namespace QatKit.GpuCheck.Tests;

public sealed class PlanCheckTests
{
    [Fact]
    public void Every_plan_that_fits_runs_on_dense_and_2_4_and_a_problem_does_not_stop_the_others()
    {
        var all = GemmPlanner.Choices.Where(c => c.Splits <= 8).ToArray();
        var unfit = all[0].ToString();
        var refused = all.First(c => c.Splits == 4).ToString();
        var different = all.Last(c => c.Splits == 1).ToString();
        var silent = all.Last(c => c.Splits == 4).ToString();
        float[] Run(string plan, QuantizedGraph graph, TokenBatch batch, IActivationTrace? trace)
        {
            var logits = Cached(graph).Run(batch, plan == silent ? null : trace);
            return plan == different ? new float[logits.Length] : logits;
        }

        var report = PlanCheck.Run("1x32x2x64", quick: false, withoutWarpgroups: false, (graph, plan) => plan == unfit
            ? throw new QatKitException("QK6020", "plan", $"'{unfit}' does not fit.")
            : plan == refused ? throw new QatKitException("QK6004", "cuModuleLoadData", "failed with CUDA_ERROR_INVALID_IMAGE.")
            : new Implementation(plan, (batch, trace) => Run(plan, graph, batch, trace)), TextWriter.Null, _ => { });
        Assert.Equal(2 * (all.Length - 1), report.Plans.Count);
        Assert.False(report.Passed);
        Assert.Equal(new[] { different, different, refused, refused, silent, silent }.Order(StringComparer.Ordinal), report.Plans.Where(p => p.Problem is not null).Select(p => p.Plan).Order(StringComparer.Ordinal));
        Assert.All(report.Plans.Where(p => p.Plan == refused), p => Assert.Equal("QK6004 cuModuleLoadData: failed with CUDA_ERROR_INVALID_IMAGE.", p.Problem));
        Assert.All(report.Plans.Where(p => p.Plan == silent), p => Assert.Matches("^first divergence in bert.embeddings.LayerNorm at .*, actual not recorded", p.Problem));
        Assert.All(report.Plans.Where(p => p.Plan == different), p => Assert.StartsWith("first divergence in logits at [0, 0]: expected ", p.Problem, StringComparison.Ordinal));
    }

    [Fact]
    public void A_quick_check_has_each_tile_once_without_and_once_with_splits()
    {
        var report = PlanCheck.Run("1x32x2x64", quick: true, false, (graph, plan) => new Implementation(plan, (batch, trace) => Cached(graph).Run(batch, trace)), TextWriter.Null, _ => { });
        Assert.True(report.Passed);
        Assert.Equal(
            [.. GemmPlanner.Tiles.Select(t => (new TileChoice(t, 1).ToString(), false)), .. GemmPlanner.Tiles.Select(t => (new TileChoice(t, 4).ToString(), true)), ("wgmma/6", false), ("wgmma/6", true)],
            report.Plans.Select(p => (p.Plan, p.Sparse24)));
    }

    [Fact]
    public void The_kernels_of_the_engines_device_tests_come_along()
    {
        var packed = KernelCheck.Definitions(KernelTarget.Sm90a).Select(d => d.ToString()).ToHashSet();
        // The models of DeviceTests.
        foreach (var shape in new[] { KernelCheck.DeviceTestShape, "2x128x4x256", "1x256x8x512", "1x1024x32x2048", "1x256x4x512", "1x128x2x256" })
        {
            foreach (var kernel in KernelCatalog.For(ModelShape.Parse(shape, 512), [false, true], int16Encoder: false, hopper: true)) Assert.Contains(kernel.ToString(), packed);
        }

        Assert.Contains(GemmPlanner.Choices, c => c.ToString() == "32x32/1x2/4/2");
    }

    [Fact]
    public void A_check_that_fitted_nothing_has_not_passed() =>
        Assert.False(PlanCheck.Run("1x32x2x64", quick: true, false, (_, plan) => throw new QatKitException("QK6020", "plan", $"'{plan}' does not fit."), TextWriter.Null, _ => { }).Passed);

    [Fact]
    public void Warpgroup_products_come_last_and_can_be_left_out()
    {
        string[] Tried(bool withoutWarpgroups)
        {
            var tried = new List<string>();
            PlanCheck.Run("1x32x2x64", quick: true, withoutWarpgroups, (_, plan) =>
            {
                tried.Add(plan);
                throw new QatKitException("QK6020", "plan", "does not fit.");
            }, TextWriter.Null, _ => { });
            return [.. tried];
        }

        var all = Tried(false);
        Assert.Equal(["wgmma/6", "wgmma/6"], all[^2..]);
        Assert.Equal(all[..^2], Tried(true));
        Assert.DoesNotContain("wgmma/6", Tried(true));
    }

    [Fact]
    public void Nothing_runs_after_a_device_fault_and_what_was_found_before_is_kept()
    {
        using var progress = new StringWriter();
        var kept = new List<PlanReport>();
        var report = PlanCheck.Run("1x32x2x64", quick: true, false, (graph, plan) => plan == "wgmma/6"
            ? new Implementation(plan, (_, _) => throw new QatKitException("QK6004", "cuStreamSynchronize", "failed with CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered. While: waiting."))
            : new Implementation(plan, (batch, trace) => Cached(graph).Run(batch, trace)), progress, kept.Add);
        Assert.False(report.Passed);
        Assert.Equal(["wgmma/6 2:4"], report.NotRun);
        Assert.Equal("wgmma/6", Assert.Single(report.Plans, p => p.Problem is not null).Plan);
        Assert.EndsWith($"{PlanCheck.WarpgroupsBegin}{Environment.NewLine}wgmma/6 dense: QK6004 cuStreamSynchronize: failed with CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered. While: waiting.{Environment.NewLine}"
            + $"wgmma/6 2:4: not run after a device fault{Environment.NewLine}", progress.ToString(), StringComparison.Ordinal);
        // A process that hangs in the first warpgroup product leaves this.
        Assert.Equal(["wgmma/6 dense", "wgmma/6 2:4"], kept[^2].NotRun);
        Assert.Equal(report.Plans.Count - 1, kept[^2].Plans.Count);
    }

    // The CPU engine stands for the device: what is tested is the check.
    private readonly Dictionary<QuantizedGraph, Implementation> _sessions = [];

    private Implementation Cached(QuantizedGraph graph)
    {
        if (!_sessions.TryGetValue(graph, out var session)) _sessions.Add(graph, session = EngineImplementations.Create(graph, new InferenceEngine.SessionOptions { Threads = 1 }));
        return session;
    }
}

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

        var report = PlanCheck.Run("1x32x2x64", quick: false, GemmExclusion.None, (graph, plan) => plan == unfit
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
        var report = PlanCheck.Run("1x32x2x64", quick: true, GemmExclusion.None, (graph, plan) => new Implementation(plan, (batch, trace) => Cached(graph).Run(batch, trace)), TextWriter.Null, _ => { });
        Assert.True(report.Passed);
        Assert.Equal(
            [.. GemmPlanner.Tiles.Select(t => (new TileChoice(t, 1).ToString(), false)), .. GemmPlanner.Tiles.Select(t => (new TileChoice(t, 4).ToString(), true)),
                .. from family in new[] { "wgmma/256x128/6/1 wgmma/128x128/6/1", "wgmma/128x128/6/2 wgmma/128x128/6/4" }
                   from sparse in new[] { false, true }
                   from tile in family.Split(' ')
                   select ($"{tile}/{(sparse ? 4 : 1)}", sparse),
            ],
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
        Assert.False(PlanCheck.Run("1x32x2x64", quick: true, GemmExclusion.None, (_, plan) => throw new QatKitException("QK6020", "plan", $"'{plan}' does not fit."), TextWriter.Null, _ => { }).Passed);

    [Fact]
    public void Warpgroup_products_come_last_those_in_clusters_at_the_end_and_can_be_left_out()
    {
        string[] Tried(GemmExclusion without)
        {
            var tried = new List<string>();
            PlanCheck.Run("1x32x2x64", quick: true, without, (_, plan) =>
            {
                tried.Add(plan);
                throw new QatKitException("QK6020", "plan", "does not fit.");
            }, TextWriter.Null, _ => { });
            return [.. tried];
        }

        var all = Tried(GemmExclusion.None);
        Assert.All(all[^4..], plan => Assert.Matches("^wgmma/128x128/6/[24]/[14]$", plan));
        Assert.All(all[^8..^4], plan => Assert.Matches("^wgmma/(128|256)x128/6/1/[14]$", plan));
        Assert.All(all[..^8], plan => Assert.DoesNotContain("wgmma", plan, StringComparison.Ordinal));
        Assert.Equal(all[..^4], Tried(GemmExclusion.Clusters));
        Assert.Equal(all[..^8], Tried(GemmExclusion.Warpgroups));
    }

    [Fact]
    public void Nothing_runs_after_a_device_fault_and_what_was_found_before_is_kept()
    {
        using var progress = new StringWriter();
        var kept = new List<PlanReport>();
        var report = PlanCheck.Run("1x32x2x64", quick: true, GemmExclusion.None, (graph, plan) => plan == "wgmma/128x128/6/1/1"
            ? new Implementation(plan, (_, _) => throw new QatKitException("QK6004", "cuStreamSynchronize", "failed with CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered. While: waiting."))
            : new Implementation(plan, (batch, trace) => Cached(graph).Run(batch, trace)), progress, kept.Add);
        Assert.False(report.Passed);
        string[] notRun =
        [
            "wgmma/256x128/6/1/4 2:4", "wgmma/128x128/6/1/4 2:4", "wgmma/128x128/6/2/1 dense", "wgmma/128x128/6/4/1 dense", "wgmma/128x128/6/2/4 2:4", "wgmma/128x128/6/4/4 2:4",
        ];
        Assert.Equal(notRun, report.NotRun);
        Assert.Equal("wgmma/128x128/6/1/1", Assert.Single(report.Plans, p => p.Problem is not null).Plan);
        string[] lines =
        [
            "warpgroup products begin: 4 plans",
            "wgmma/256x128/6/1/1 dense: equal",
            "wgmma/128x128/6/1/1 dense: QK6004 cuStreamSynchronize: failed with CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered. While: waiting.",
            .. notRun.Select(n => n + ": not run after a device fault"),
        ];
        Assert.EndsWith(string.Concat(lines.Select(l => l + Environment.NewLine)), progress.ToString(), StringComparison.Ordinal);
        // A process that hangs in this product leaves this.
        Assert.Equal(["wgmma/128x128/6/1/1 dense", .. notRun], kept[^2].NotRun);
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

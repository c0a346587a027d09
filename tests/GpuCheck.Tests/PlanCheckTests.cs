using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.GpuCheck.Plans;
using QatKit.InferenceEngine.Cuda.Plans;
using QatKit.Testing;

namespace QatKit.GpuCheck.Tests;

public sealed class PlanCheckTests
{
    [Fact]
    public void Every_plan_that_fits_runs_on_dense_and_2_4_and_a_problem_does_not_stop_the_others()
    {
        var quick = GemmPlanner.Choices.Where(c => c.Splits is 1 or 4).ToArray();
        var unfit = quick[0].ToString();
        var refused = quick.First(c => c.Splits == 4).ToString();
        var different = GemmPlanner.Choices.Last(c => c.Splits == 1).ToString();
        var report = PlanCheck.Run("1x32x2x64", quick: true, (graph, plan) => plan == unfit
            ? throw new QatKitException("QK6020", "plan", $"'{unfit}' does not fit.")
            : plan == refused ? throw new QatKitException("QK6004", "cuModuleLoadData", "failed with CUDA_ERROR_INVALID_IMAGE.")
            : new Implementation(plan, (batch, trace) => plan == different ? new float[batch.Count * graph.Architecture.Classes] : Cached(graph).Run(batch, trace)), TextWriter.Null);
        Assert.Equal(2 * (quick.Length - 1), report.Plans.Count);
        Assert.False(report.Passed);
        Assert.Equal(new[] { different, different, refused, refused }.Order(StringComparer.Ordinal), report.Plans.Where(p => p.Problem is not null).Select(p => p.Plan).Order(StringComparer.Ordinal));
        Assert.All(report.Plans.Where(p => p.Plan == refused), p => Assert.Equal("QK6004 cuModuleLoadData: failed with CUDA_ERROR_INVALID_IMAGE.", p.Problem));
        Assert.All(report.Plans.Where(p => p.Plan == different), p => Assert.StartsWith("first divergence in logits at [0, 0]: expected ", p.Problem, StringComparison.Ordinal));
    }

    [Fact]
    public void A_check_that_fitted_nothing_has_not_passed() =>
        Assert.False(PlanCheck.Run("1x32x2x64", quick: true, (_, plan) => throw new QatKitException("QK6020", "plan", $"'{plan}' does not fit."), TextWriter.Null).Passed);

    // The CPU engine stands for the device: what is tested is the check.
    private readonly Dictionary<QuantizedGraph, Implementation> _sessions = [];

    private Implementation Cached(QuantizedGraph graph)
    {
        if (!_sessions.TryGetValue(graph, out var session)) _sessions.Add(graph, session = EngineImplementations.Create(graph, new InferenceEngine.SessionOptions { Threads = 1 }));
        return session;
    }
}

using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;
using QatKit.InferenceEngine.Cuda.Plans;
using QatKit.Testing;
using QatKit.Testing.Traces;

namespace QatKit.GpuCheck.Plans;

/// <summary>Every plan of the planner, forced in turn on a small model, against the reference: each tile, split and kernel family runs
/// at least once whatever the planner prefers. Small enough for compute-sanitizer.</summary>
internal static class PlanCheck
{
    /// <summary>Small, with every K long enough for 8 splits.</summary>
    public const string Shape = "1x1024x16x1024";

    private const int MaxPositions = 80;
    private const int Seed = 3;
    private static readonly int[] Lengths = [7, 1, 33, 65];

    /// <summary>Runs the plans.</summary>
    /// <param name="shape">The model.</param>
    /// <param name="quick">Each tile without splits and with 4, instead of every split.</param>
    /// <param name="actual">Makes a session with a plan.</param>
    /// <param name="progress">One line for each plan.</param>
    public static PlanReport Run(string shape, bool quick, Func<QuantizedGraph, string, Implementation> actual, TextWriter progress)
    {
        var results = new List<PlanResult>();
        foreach (var sparse in new[] { false, true })
        {
            var architecture = ModelShape.Parse(shape, MaxPositions);
            var graph = SyntheticGraph.Create(architecture, Seed, sparse);
            var batch = SyntheticGraph.CreateBatch(architecture, Lengths, Seed);
            var expected = new RecordingTrace();
            var logits = Implementation.Reference(graph).Run(batch, expected);
            foreach (var plan in GemmPlanner.Choices.Where(c => !quick || c.Splits is 1 or 4))
            {
                var name = $"{plan} {(sparse ? "2:4" : "dense")}";
                try
                {
                    results.Add(Check(plan.ToString(), sparse, graph, batch, (expected, logits), actual));
                    progress.WriteLine($"{name}: {results[^1].Problem ?? "equal"}");
                }
                catch (QatKitException e) when (e.Diagnostics.All(d => d.Code == "QK6020"))
                {
                    // More splits than K has steps, or warpgroups on a device without them.
                    progress.WriteLine($"{name}: left out, {e.Message}");
                }
            }
        }

        return new PlanReport(shape, results);
    }

    private static PlanResult Check(string plan, bool sparse, QuantizedGraph graph, TokenBatch batch, (RecordingTrace, float[] Logits) expected, Func<QuantizedGraph, string, Implementation> actual)
    {
        try
        {
            using var implementation = actual(graph, plan);
            var trace = new RecordingTrace();
            var traced = TraceComparer.FirstDivergence(expected, (trace, implementation.Run(batch, trace)), out _);
            if (traced is not null) return new PlanResult(plan, sparse, traced.ToString());
            // Launch by launch and captured, then replayed.
            for (var run = 0; run < 3; run++)
            {
                if (TraceComparer.FirstDivergence(expected.Logits, implementation.Run(batch), batch.Count) is { } divergence)
                    return new PlanResult(plan, sparse, $"run {run}: {divergence}");
            }

            return new PlanResult(plan, sparse, null);
        }
        catch (QatKitException e) when (e.Diagnostics.All(d => d.Code != "QK6020"))
        {
            return new PlanResult(plan, sparse, e.Message);
        }
    }
}

/// <summary>What the plans gave.</summary>
/// <param name="Shape">The model.</param>
/// <param name="Plans">One entry for each plan and format that fits device and model.</param>
internal sealed record PlanReport(string Shape, IReadOnlyList<PlanResult> Plans)
{
    /// <summary>True when every plan gave the reference's bits.</summary>
    public bool Passed => Plans.Count > 0 && Plans.All(p => p.Problem is null);
}

/// <summary>One plan.</summary>
/// <param name="Plan">As <see cref="GemmChoice.Parse"/> reads it.</param>
/// <param name="Sparse24">2:4 weights.</param>
/// <param name="Problem">The first divergence, or the error; null when all bits are equal.</param>
internal sealed record PlanResult(string Plan, bool Sparse24, string? Problem);

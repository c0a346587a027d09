using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;
using QatKit.InferenceEngine.Benchmarking;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Plans;
using QatKit.Testing;
using QatKit.Testing.Traces;

namespace QatKit.GpuCheck.Plans;

/// <summary>Every plan of the planner, forced in turn on a small model, against the reference: each tile, split and kernel family runs
/// at least once whatever the planner prefers. Small enough for compute-sanitizer.</summary>
/// <remarks>Warpgroup products come last, dense and 2:4, those in clusters at the very end: a device that fails or hangs there has shown what the
/// others do. After an error that stays nothing is tried any more: it would only repeat.</remarks>
internal static class PlanCheck
{
    /// <summary>Small, with every K long enough for 8 splits.</summary>
    public const string Shape = "1x1024x16x1024";

    // Of that shape: with more a session would only be made to be refused.
    private const int MostSplits = 8;

    private const int MaxPositions = 80;
    private const int Seed = 3;
    private static readonly bool[] Formats = [false, true];
    private static readonly int[] Lengths = [7, 1, 33, 65];

    /// <summary>Runs the plans.</summary>
    /// <param name="shape">The model.</param>
    /// <param name="quick">Each tile without splits on dense weights and with 4 on 2:4, instead of every split on both.</param>
    /// <param name="without">Products to leave out.</param>
    /// <param name="actual">Makes a session with a plan.</param>
    /// <param name="progress">One line for each plan.</param>
    /// <param name="keep">Receives what there is after each plan: a run that is stopped keeps it.</param>
    public static PlanReport Run(string shape, bool quick, GemmExclusion without, Func<QuantizedGraph, string, Implementation> actual, TextWriter progress, Action<PlanReport> keep)
    {
        var cases = Formats.ToDictionary(sparse => sparse, sparse => new Lazy<Case>(() => Case.Create(shape, sparse)));
        var waiting = new Queue<(GemmChoice Choice, bool Sparse)>(
            from family in GemmPlanner.Choices.Where(c => c.Splits <= MostSplits && !without.Covers(c)).GroupBy(Family)
            from sparse in Formats
            from choice in family
            where !quick || choice.Splits == (sparse ? 4 : 1)
            select (choice, sparse));
        var results = new List<PlanResult>();
        PlanReport Report() => new(shape, [.. results]) { NotRun = [.. waiting.Select(w => Name(w.Choice, w.Sparse))] };
        var fault = false;
        var current = Family(waiting.Peek().Choice);
        while (!fault && waiting.TryPeek(out var next))
        {
            var name = Name(next.Choice, next.Sparse);
            if (Family(next.Choice) is var family && family != current)
            {
                // eng/gpu-check.sh counts how many of them end well.
                progress.WriteLine($"{family} begin: {waiting.Count(w => Family(w.Choice) == family)} plans");
                current = family;
            }

            keep(Report());
            try
            {
                results.Add(Check(next.Choice.ToString(), next.Sparse, cases[next.Sparse].Value, actual));
                progress.WriteLine($"{name}: {results[^1].Problem ?? "equal"}");
                fault = results[^1].Problem is { } problem && CudaErrors.IsDeviceFault(problem);
            }
            catch (QatKitException e) when (e.Diagnostics.All(d => d.Code == "QK6020"))
            {
                // More splits than K has steps, or warpgroups on a device without them.
                progress.WriteLine($"{name}: left out, {e.Message}");
            }

            waiting.Dequeue();
        }

        foreach (var (choice, sparse) in waiting) progress.WriteLine($"{Name(choice, sparse)}: not run after a device fault");
        keep(Report());
        return Report();
    }

    private static string Family(GemmChoice choice) => choice switch
    {
        { Cluster: > 1 } => "clusters",
        WarpgroupChoice => "warpgroup products",
        _ => "products",
    };

    private static string Name(GemmChoice choice, bool sparse) => $"{choice} {(sparse ? "2:4" : "dense")}";

    private static PlanResult Check(string plan, bool sparse, Case c, Func<QuantizedGraph, string, Implementation> actual)
    {
        try
        {
            using var implementation = actual(c.Graph, plan);
            var traced = TraceComparer.FirstDivergence((c.Expected, c.Logits), implementation.RunTraced(c.Batch), out _, requireTrace: true);
            if (traced is not null) return new PlanResult(plan, sparse, traced.ToString());
            // Launch by launch and captured, then replayed.
            for (var run = 0; run < 3; run++)
            {
                if (TraceComparer.FirstDivergence(c.Logits, implementation.Run(c.Batch), c.Batch.Count) is { } divergence)
                    return new PlanResult(plan, sparse, $"run {run}: {divergence}");
            }

            return new PlanResult(plan, sparse, null);
        }
        catch (QatKitException e) when (e.Diagnostics.All(d => d.Code != "QK6020"))
        {
            return new PlanResult(plan, sparse, e.Message);
        }
    }

    // A model, a batch and what the reference makes of it.
    private sealed record Case(QuantizedGraph Graph, TokenBatch Batch, RecordingTrace Expected, float[] Logits)
    {
        public static Case Create(string shape, bool sparse)
        {
            var architecture = ModelShape.Parse(shape, MaxPositions);
            var graph = SyntheticGraph.Create(architecture, Seed, sparse);
            var batch = SyntheticGraph.CreateBatch(architecture, Lengths, Seed);
            var expected = new RecordingTrace();
            return new Case(graph, batch, expected, Implementation.Reference(graph).Run(batch, expected));
        }
    }
}

/// <summary>What the plans gave.</summary>
/// <param name="Shape">The model.</param>
/// <param name="Plans">One entry for each plan and format that fits device and model.</param>
internal sealed record PlanReport(string Shape, IReadOnlyList<PlanResult> Plans)
{
    /// <summary>Plans and formats that were not run, or not to their end: the device failed, or the process was stopped. The first was under way then,
    /// unless a plan reports the failure.</summary>
    public IReadOnlyList<string> NotRun { get; init; } = [];

    /// <summary>True when every plan gave the reference's bits.</summary>
    public bool Passed => Plans.Count > 0 && Plans.All(p => p.Problem is null) && NotRun.Count == 0;
}

/// <summary>One plan.</summary>
/// <param name="Plan">As <see cref="GemmChoice.Parse"/> reads it.</param>
/// <param name="Sparse24">2:4 weights.</param>
/// <param name="Problem">The first divergence, or the error; null when all bits are equal.</param>
internal sealed record PlanResult(string Plan, bool Sparse24, string? Problem);

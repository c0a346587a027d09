using QatKit.Core.Graph;
using QatKit.InferenceEngine;
using QatKit.Testing.Ladder;
using QatKit.Testing.Reports;

namespace QatKit.Testing;

/// <summary>Rungs P0 to P2: everything that must be equal bit for bit, on every tier of this machine.</summary>
public static class EngineVerifier
{
    /// <summary>Runs the three rungs.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="sequences">Every example as a batch of one; at least one.</param>
    /// <param name="progress">Receives each rung as it is done.</param>
    /// <param name="cancellationToken">Checked before each batch.</param>
    public static IReadOnlyList<RungReport> Run(QuantizedGraph graph, IReadOnlyList<TokenBatch> sequences,
        IProgress<RungReport>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(sequences);
        if (sequences.Count == 0) throw new ArgumentException("At least one sequence is needed.", nameof(sequences));
        var rungs = new List<RungReport>();
        Report(GoldenRung.Run(Factories()));
        using var reference = Implementation.Reference(graph);
        using (var tiers = new Owned([.. Factories().Skip(1).Select(create => create(graph))]))
            Report(BackendRung.Run(reference, tiers.Items, Batches.Group(sequences, 16), cancellationToken));
        Report(Invariance(graph, sequences, cancellationToken));
        return rungs;

        void Report(RungReport rung)
        {
            rungs.Add(rung);
            progress?.Report(rung);
        }
    }

    private static IEnumerable<Func<QuantizedGraph, Implementation>> Factories() =>
        EngineImplementations.AvailableTiers
            .Select(tier => (Func<QuantizedGraph, Implementation>)(g => EngineImplementations.Create(g, new SessionOptions { CpuTier = tier })))
            .Prepend(Implementation.Reference);

    private static RungReport Invariance(QuantizedGraph graph, IReadOnlyList<TokenBatch> sequences, CancellationToken cancellationToken)
    {
        var checks = new List<CheckReport>();
        var sparse = graph.Linears.Any(l => l.Mask is not null);
        var threads = Math.Max(2, Environment.ProcessorCount);
        foreach (var tier in EngineImplementations.AvailableTiers)
        {
            using var plain = EngineImplementations.Create(graph, new SessionOptions { CpuTier = tier });
            using var single = EngineImplementations.Create(graph, new SessionOptions { CpuTier = tier, Threads = 1 });
            using var several = EngineImplementations.Create(graph, new SessionOptions { CpuTier = tier, Threads = threads });
            foreach (var size in InvarianceRung.BatchSizes.Skip(1))
                checks.Add(InvarianceRung.Compare($"{plain.Name}: batch {InvarianceRung.BatchSizes[0]} : {size}", plain, plain, sequences, InvarianceRung.BatchSizes[0], size, cancellationToken: cancellationToken));
            checks.Add(InvarianceRung.Compare($"{plain.Name}: ragged : padded", plain, plain, sequences, padded: true, cancellationToken: cancellationToken));
            checks.Add(InvarianceRung.Compare($"{plain.Name}: 1 : {threads} threads", single, several, sequences, cancellationToken: cancellationToken));
            if (!sparse) continue;
            using var dense = EngineImplementations.Create(graph, new SessionOptions { CpuTier = tier, WeightFormat = WeightFormat.Dense });
            using var packed = EngineImplementations.Create(graph, new SessionOptions { CpuTier = tier, WeightFormat = WeightFormat.Sparse24 });
            checks.Add(InvarianceRung.Compare($"{plain.Name}: dense : 2:4", dense, packed, sequences, cancellationToken: cancellationToken));
        }

        if (!sparse) checks.Add(new CheckReport("dense : 2:4", true, 0, Note: "not applicable, no layer has a 2:4 mask"));
        return new RungReport("P2", "weight format, batch size, padding and threads do not matter", checks);
    }

    private sealed class Owned(IReadOnlyList<Implementation> items) : IDisposable
    {
        public IReadOnlyList<Implementation> Items { get; } = items;

        public void Dispose()
        {
            foreach (var item in Items) item.Dispose();
        }
    }
}

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
    /// <param name="backends">What must equal the reference, and each other: every tier of the processor (the default), a CUDA device.</param>
    /// <param name="progress">Receives each rung as it is done.</param>
    /// <param name="cancellationToken">Checked before each batch.</param>
    /// <exception cref="Core.Diagnostics.QatKitException">A backend is not here (QK6xxx).</exception>
    public static IReadOnlyList<RungReport> Run(QuantizedGraph graph, IReadOnlyList<TokenBatch> sequences,
        IReadOnlyList<EngineBackend>? backends = null, IProgress<RungReport>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(sequences);
        if (sequences.Count == 0) throw new ArgumentException("At least one sequence is needed.", nameof(sequences));
        var ways = (backends ?? [EngineBackend.Cpu]).SelectMany(EngineImplementations.Options).ToList();
        var rungs = new List<RungReport>();
        using var reference = Implementation.Reference(graph);
        // Loaded first: a backend that is not here must show before the work of the others.
        using (var loaded = new Owned(ways.ConvertAll(options => EngineImplementations.Create(graph, options))))
        {
            Report(GoldenRung.Run(ways.Select(options => (Func<QuantizedGraph, Implementation>)(g => EngineImplementations.Create(g, options))).Prepend(Implementation.Reference)));
            Report(BackendRung.Run(reference, loaded.Items, Batches.Group(sequences, 16), cancellationToken));
        }

        Report(Invariance(graph, ways, sequences, cancellationToken));
        return rungs;

        void Report(RungReport rung)
        {
            rungs.Add(rung);
            progress?.Report(rung);
        }
    }

    private static RungReport Invariance(QuantizedGraph graph, List<SessionOptions> ways, IReadOnlyList<TokenBatch> sequences, CancellationToken cancellationToken)
    {
        var checks = new List<CheckReport>();
        var sparse = graph.Linears.Any(l => l.Mask is not null);
        var threads = Math.Max(2, Environment.ProcessorCount);
        foreach (var way in ways)
        {
            using var plain = EngineImplementations.Create(graph, way);
            foreach (var size in InvarianceRung.BatchSizes.Skip(1))
                checks.Add(InvarianceRung.Compare($"{plain.Name}: batch {InvarianceRung.BatchSizes[0]} : {size}", plain, plain, sequences, InvarianceRung.BatchSizes[0], size, cancellationToken: cancellationToken));
            checks.Add(InvarianceRung.Compare($"{plain.Name}: ragged : padded", plain, plain, sequences, padded: true, cancellationToken: cancellationToken));
            if (way.Backend == EngineBackend.Cpu)
            {
                using var single = EngineImplementations.Create(graph, way with { Threads = 1 });
                using var several = EngineImplementations.Create(graph, way with { Threads = threads, WorkPerThread = 0 });
                checks.Add(InvarianceRung.Compare($"{plain.Name}: 1 : {threads} threads", single, several, sequences, cancellationToken: cancellationToken));
            }

            if (!sparse) continue;
            using var dense = EngineImplementations.Create(graph, way with { WeightFormat = WeightFormat.Dense });
            using var packed = EngineImplementations.Create(graph, way with { WeightFormat = WeightFormat.Sparse24 });
            checks.Add(InvarianceRung.Compare($"{plain.Name}: dense : 2:4", dense, packed, sequences, cancellationToken: cancellationToken));
        }

        // The rung above compares each with the reference on batches; here two backends meet on whole batches without traces, as in service.
        foreach (var way in ways.Skip(1).Where(w => w.Backend != ways[0].Backend))
        {
            using var expected = EngineImplementations.Create(graph, ways[0]);
            using var actual = EngineImplementations.Create(graph, way);
            checks.Add(InvarianceRung.Compare($"{expected.Name} : {actual.Name}", expected, actual, sequences, cancellationToken: cancellationToken));
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

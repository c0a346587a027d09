using QatKit.Core.Graph;
using QatKit.Testing.Reports;
using QatKit.Testing.Traces;

namespace QatKit.Testing.Ladder;

/// <summary>P1: every intermediate tensor and the logits of the reference against every backend.</summary>
public static class BackendRung
{
    /// <summary>Runs every batch on every implementation with traces.</summary>
    /// <param name="reference">The specification.</param>
    /// <param name="implementations">What is compared with it.</param>
    /// <param name="batches">Any number of batches.</param>
    /// <param name="cancellationToken">Checked before each batch.</param>
    public static RungReport Run(Implementation reference, IReadOnlyList<Implementation> implementations, IReadOnlyList<TokenBatch> batches,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(implementations);
        ArgumentNullException.ThrowIfNull(batches);
        var compared = new long[implementations.Count];
        var failures = new CheckReport?[implementations.Count];
        // The reference is scalar and slow, and batches are independent.
        var options = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, batches.Count, options, b =>
        {
            var expected = Trace(reference, batches[b]);
            for (var i = 0; i < implementations.Count; i++)
            {
                var divergence = TraceComparer.FirstDivergence(expected, Trace(implementations[i], batches[b]), out var count);
                Interlocked.Add(ref compared[i], count);
                if (divergence is null) continue;
                lock (failures)
                {
                    failures[i] ??= new CheckReport(Name(i), false, 0, divergence, $"batch {b}");
                }
            }
        });

        return new RungReport("P1", "reference : every backend, each intermediate tensor and the logits",
            [.. implementations.Select((_, i) => (failures[i] ?? new CheckReport(Name(i), true, 0)) with { Compared = compared[i] })]);

        string Name(int i) => $"{reference.Name} : {implementations[i].Name}";
    }

    private static (RecordingTrace, float[]) Trace(Implementation implementation, TokenBatch batch)
    {
        var trace = new RecordingTrace();
        return (trace, implementation.Run(batch, trace));
    }
}

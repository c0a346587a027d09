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
        var failures = new (int Batch, Divergence Divergence)?[implementations.Count];
        // The reference is scalar and slow, and batches are independent.
        var options = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, batches.Count, options, b =>
        {
            var expected = reference.RunTraced(batches[b]);
            for (var i = 0; i < implementations.Count; i++)
            {
                var divergence = TraceComparer.FirstDivergence(expected, implementations[i].RunTraced(batches[b]), out var count, implementations[i].RecordsTrace);
                Interlocked.Add(ref compared[i], count);
                if (divergence is null) continue;
                lock (failures)
                {
                    // The first batch is told, not the first that was done.
                    if (failures[i] is not { } known || b < known.Batch) failures[i] = (b, divergence);
                }
            }
        });

        return new RungReport("P1", "reference : every backend, each intermediate tensor and the logits",
            [.. implementations.Select((_, i) => new CheckReport(Name(i), failures[i] is null, compared[i], failures[i]?.Divergence, failures[i] is { } f ? $"batch {f.Batch}" : null))]);

        string Name(int i) => $"{reference.Name} : {implementations[i].Name}";
    }
}

using QatKit.Core.Graph;
using QatKit.Testing.Reports;
using QatKit.Testing.Traces;

namespace QatKit.Testing.Ladder;

/// <summary>P2: what must not matter does not: weight format, batch size, padding, threads.</summary>
public static class InvarianceRung
{
    /// <summary>Batch sizes that are compared.</summary>
    public static IReadOnlyList<int> BatchSizes { get; } = [1, 8, 32];

    /// <summary>Compares the logits of every sequence between two ways of computing them.</summary>
    /// <param name="name">For example <c>dense : 2:4</c>.</param>
    /// <param name="expected">One way.</param>
    /// <param name="actual">Another.</param>
    /// <param name="sequences">Every sequence as a batch of one.</param>
    /// <param name="expectedBatch">Sequences per call of the first.</param>
    /// <param name="actualBatch">Sequences per call of the second.</param>
    /// <param name="padded">Hand the second its batches padded, with an attention mask.</param>
    /// <param name="cancellationToken">Checked before each batch.</param>
    public static CheckReport Compare(string name, Implementation expected, Implementation actual, IReadOnlyList<TokenBatch> sequences,
        int expectedBatch = 32, int actualBatch = 32, bool padded = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ArgumentNullException.ThrowIfNull(actual);
        ArgumentNullException.ThrowIfNull(sequences);
        if (sequences.Count == 0) return new CheckReport(name, true, 0);
        var left = AllLogits(expected, sequences, expectedBatch, false, cancellationToken);
        var right = AllLogits(actual, sequences, actualBatch, padded, cancellationToken);
        var divergence = TraceComparer.FirstDivergence(left, right, sequences.Count);
        return new CheckReport(name, divergence is null, left.Length, divergence);
    }

    /// <summary>Logits of all sequences in order, [n, C], computed in batches.</summary>
    public static float[] AllLogits(Implementation implementation, IReadOnlyList<TokenBatch> sequences, int batchSize, bool padded = false,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(implementation);
        ArgumentNullException.ThrowIfNull(sequences);
        var logits = new List<float>();
        for (var start = 0; start < sequences.Count; start += batchSize)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var part = sequences.Skip(start).Take(batchSize).ToList();
            logits.AddRange(implementation.Run(padded ? Batches.Pad(part) : Batches.Concatenate(part)));
        }

        return [.. logits];
    }
}

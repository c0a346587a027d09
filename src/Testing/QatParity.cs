using System.Globalization;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;
using QatKit.Testing.Statistics;
using QatKit.Testing.Traces;

namespace QatKit.Testing;

/// <summary>Assertions for your own test suite, whatever its framework.</summary>
public static class QatParity
{
    /// <summary>Fails unless a session's intermediate tensors and logits equal the reference's, bit for bit.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="session">A session of that model.</param>
    /// <param name="batches">At least one batch.</param>
    /// <exception cref="QatParityException">Something differs; the message names the first divergence.</exception>
    public static void AssertBitEqual(QuantizedGraph graph, InferenceSession session, IEnumerable<TokenBatch> batches)
    {
        using var reference = Implementation.Reference(graph);
        AssertBitEqual(reference, EngineImplementations.Of(session), batches);
    }

    /// <summary>Fails unless two sessions agree in every intermediate tensor and in the logits, bit for bit.</summary>
    /// <exception cref="QatParityException">Something differs; the message names the first divergence.</exception>
    public static void AssertBitEqual(InferenceSession expected, InferenceSession actual, IEnumerable<TokenBatch> batches) =>
        AssertBitEqual(EngineImplementations.Of(expected), EngineImplementations.Of(actual), batches);

    /// <summary>Fails unless two artifacts agree in every intermediate tensor and in the logits, bit for bit.</summary>
    /// <param name="expectedFolder">Folder of an artifact.</param>
    /// <param name="actualFolder">Folder of another.</param>
    /// <param name="batches">At least one batch.</param>
    /// <exception cref="QatParityException">Something differs; the message names the first divergence.</exception>
    /// <exception cref="Core.Diagnostics.QatKitException">A folder is not a valid artifact.</exception>
    public static void AssertBitEqual(string expectedFolder, string actualFolder, IEnumerable<TokenBatch> batches)
    {
        using var expected = InferenceSession.Load(expectedFolder);
        using var actual = InferenceSession.Load(actualFolder);
        AssertBitEqual(new Implementation(expectedFolder, expected.Run) { RecordsTrace = true }, new Implementation(actualFolder, actual.Run) { RecordsTrace = true }, batches);
    }

    /// <summary>Fails unless two implementations agree in every intermediate tensor and in the logits; one that says nothing about its
    /// trace (<see cref="Implementation.RecordsTrace"/>) and records none is compared by its logits.</summary>
    /// <exception cref="QatParityException">Something differs; the message names the first divergence.</exception>
    public static void AssertBitEqual(Implementation expected, Implementation actual, IEnumerable<TokenBatch> batches)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ArgumentNullException.ThrowIfNull(actual);
        ArgumentNullException.ThrowIfNull(batches);
        var number = 0;
        foreach (var batch in batches)
        {
            var divergence = TraceComparer.FirstDivergence(expected.RunTraced(batch), actual.RunTraced(batch), out _, expected.RecordsTrace && actual.RecordsTrace);
            if (divergence is not null)
                throw new QatParityException($"'{actual.Name}' is not bit-equal to '{expected.Name}': batch {number}, {divergence}.");
            number++;
        }

        if (number == 0) throw new ArgumentException("At least one batch is needed.", nameof(batches));
    }

    /// <summary>Fails when a candidate's accuracy is more than <paramref name="maxLoss"/> below the baseline's on the same examples.</summary>
    /// <param name="baseline">For example the dense model.</param>
    /// <param name="candidate">For example the 2:4 model.</param>
    /// <param name="batches">Examples.</param>
    /// <param name="labels">Class of each sequence, in order.</param>
    /// <param name="maxLoss">For example 0.01 for one point.</param>
    /// <returns>Paired flips and accuracies, for the log.</returns>
    /// <exception cref="QatParityException">The loss is larger; the message has the flips, the McNemar test and the noise band.</exception>
    public static PairedComparison AssertAccuracyWithin(
        Implementation baseline, Implementation candidate, IReadOnlyList<TokenBatch> batches, IReadOnlyList<int> labels, double maxLoss)
    {
        ArgumentNullException.ThrowIfNull(baseline);
        ArgumentNullException.ThrowIfNull(candidate);
        return AssertAccuracyWithin(baseline.Name, candidate.Name, labels, Predict(baseline, batches), Predict(candidate, batches), maxLoss);
    }

    /// <summary>Fails when a candidate's accuracy is more than <paramref name="maxLoss"/> below the baseline's on the same examples.</summary>
    /// <param name="baseline">Name of the baseline.</param>
    /// <param name="candidate">Name of the candidate.</param>
    /// <param name="labels">Class of each example.</param>
    /// <param name="baselineClasses">What the baseline predicts.</param>
    /// <param name="candidateClasses">What the candidate predicts.</param>
    /// <param name="maxLoss">For example 0.01 for one point.</param>
    /// <returns>Paired flips and accuracies, for the log.</returns>
    /// <exception cref="QatParityException">The loss is larger; the message has the flips, the McNemar test and the noise band.</exception>
    public static PairedComparison AssertAccuracyWithin(
        string baseline, string candidate, IReadOnlyList<int> labels, IReadOnlyList<int> baselineClasses, IReadOnlyList<int> candidateClasses, double maxLoss)
    {
        var paired = PairedComparison.Create(baseline, candidate, labels, baselineClasses, candidateClasses);
        var loss = paired.BaselineAccuracy - paired.CandidateAccuracy;
        if (loss <= maxLoss) return paired;
        throw new QatParityException(string.Create(CultureInfo.InvariantCulture,
            $"'{candidate}' loses {loss:P2} of accuracy against '{baseline}', the limit is {maxLoss:P2}: {paired.BaselineAccuracy:P2} to {paired.CandidateAccuracy:P2} on {paired.Examples} examples ")
            + string.Create(CultureInfo.InvariantCulture,
            $"(noise band ±{NoiseBand.HalfWidth(paired.BaselineAccuracy, paired.Examples):P2}); {paired.Lost} right became wrong, {paired.Gained} wrong became right, McNemar p = {paired.McNemarP:F4}."));
    }

    private static int[] Predict(Implementation implementation, IReadOnlyList<TokenBatch> batches) =>
        [.. batches.SelectMany(b =>
        {
            var logits = implementation.Run(b);
            return Classes.Argmax(logits, logits.Length / b.Count);
        })];
}

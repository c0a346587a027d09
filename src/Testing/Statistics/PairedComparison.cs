using MathNet.Numerics.Distributions;

namespace QatKit.Testing.Statistics;

/// <summary>Two classifiers on the same labelled examples.</summary>
/// <param name="Baseline">Name of the first.</param>
/// <param name="Candidate">Name of the second.</param>
/// <param name="Examples">n.</param>
/// <param name="BothRight">Examples that both classify correctly.</param>
/// <param name="Lost">Right in the baseline, wrong in the candidate.</param>
/// <param name="Gained">Wrong in the baseline, right in the candidate.</param>
public sealed record PairedComparison(string Baseline, string Candidate, int Examples, int BothRight, int Lost, int Gained)
{
    /// <summary>Accuracy of the baseline.</summary>
    public double BaselineAccuracy => (double)(BothRight + Lost) / Examples;

    /// <summary>Accuracy of the candidate.</summary>
    public double CandidateAccuracy => (double)(BothRight + Gained) / Examples;

    /// <summary>Exact two-sided McNemar test: how likely flips as one-sided as these are when neither is better.</summary>
    /// <remarks>Flips b + c are fair coins under the hypothesis: <c>p = min(1, 2·P(X ≤ min(b, c)))</c>, X binomial(b + c, ½).</remarks>
    public double McNemarP => Lost + Gained == 0
        ? 1
        : Math.Min(1, 2 * Binomial.CDF(0.5, Lost + Gained, Math.Min(Lost, Gained)));

    /// <summary>Counts the flips.</summary>
    /// <exception cref="ArgumentException">The lengths differ, or there are no examples.</exception>
    public static PairedComparison Create(
        string baseline, string candidate, IReadOnlyList<int> labels, IReadOnlyList<int> baselineClasses, IReadOnlyList<int> candidateClasses)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(baselineClasses);
        ArgumentNullException.ThrowIfNull(candidateClasses);
        if (labels.Count == 0 || baselineClasses.Count != labels.Count || candidateClasses.Count != labels.Count)
            throw new ArgumentException($"{labels.Count} labels, {baselineClasses.Count} baseline and {candidateClasses.Count} candidate classes; all three must have the same number, at least 1.", nameof(labels));
        int both = 0, lost = 0, gained = 0;
        for (var i = 0; i < labels.Count; i++)
        {
            bool a = baselineClasses[i] == labels[i], b = candidateClasses[i] == labels[i];
            if (a && b) both++;
            else if (a) lost++;
            else if (b) gained++;
        }

        return new PairedComparison(baseline, candidate, labels.Count, both, lost, gained);
    }
}

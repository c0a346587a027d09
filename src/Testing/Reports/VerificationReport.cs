using System.Globalization;

namespace QatKit.Testing.Reports;

/// <summary>Everything that a verification found; written as parity.json and parity.md.</summary>
/// <param name="Model">Folder of the artifact.</param>
/// <param name="ModelSha256">Hash that identifies the artifact.</param>
/// <param name="NumericsVersion">Version of the arithmetic.</param>
/// <param name="Examples">Sequences verified.</param>
/// <param name="Conditions">Machine, tiers and versions, as name and value.</param>
/// <param name="Rungs">P0, P1 and P2.</param>
/// <param name="LayerParity">P3; null when there was no checkpoint to compare with.</param>
/// <param name="Accuracy">P4; null when there were no labels or no checkpoint.</param>
/// <param name="Gates">What was required.</param>
public sealed record VerificationReport(
    string Model, string ModelSha256, int NumericsVersion, int Examples, IReadOnlyDictionary<string, string> Conditions,
    IReadOnlyList<RungReport> Rungs, LayerParityReport? LayerParity, AccuracyReport? Accuracy, VerificationGates Gates)
{
    /// <summary>Sequences of P0 to P2: the first so many of <see cref="Examples"/>.</summary>
    public int ReferenceExamples { get; init; } = Examples;

    /// <summary>True when every gate holds.</summary>
    public bool Passed => GateResults.All(g => g.Passed);

    /// <summary>True when P0, P1 and P2 found equal bits everywhere.</summary>
    public bool BitEqual => Rungs.All(r => r.Passed);

    /// <summary>Each gate with its value and limit.</summary>
    public IReadOnlyList<GateResult> GateResults => [.. Evaluate()];

    private IEnumerable<GateResult> Evaluate()
    {
        foreach (var rung in Rungs)
        {
            var failed = rung.Checks.FirstOrDefault(c => !c.Passed);
            yield return new GateResult($"{rung.Rung} equal bits", rung.Passed,
                failed is null ? $"{rung.Checks.Count} comparisons, all equal" : $"{failed.Name}: {failed.Divergence?.ToString() ?? failed.Note}");
        }

        if (LayerParity is { } p3)
        {
            var worst = p3.Layers.MaxBy(l => l.LocalMismatchRate);
            var rate = worst?.LocalMismatchRate ?? 0;
            yield return new GateResult("P3 local code mismatch", rate <= Gates.MaxLocalMismatchRate,
                rate == 0
                    ? Text($"no code differs, limit {Gates.MaxLocalMismatchRate:P4}")
                    : Text($"at most {rate:P4} ({worst!.Tensor}), limit {Gates.MaxLocalMismatchRate:P4}"));
            // A regression has one output, which is always the largest.
            if (p3.ArgmaxAgreement is { } agreement)
                yield return new GateResult("P3 argmax agreement", agreement >= Gates.MinArgmaxAgreement,
                    Text($"{p3.ArgmaxAgreements} of {p3.Examples} = {agreement:P2}, limit {Gates.MinArgmaxAgreement:P2}"));
        }

        if (Accuracy is { } p4 && Gates.MaxMetricLoss is { } limit)
        {
            var loss = p4.Values[0].Value - p4.Values[^1].Value;
            yield return new GateResult($"P4 {p4.Metric} loss", loss <= limit,
                Text($"{p4.Values[0].Model} {p4.Values[0].Value:F4} - {p4.Values[^1].Model} {p4.Values[^1].Value:F4} = {loss:F4}, limit {limit:F4}"));
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

namespace QatKit.Testing.Reports;

/// <summary>How one tensor of the fake-quantized model agrees with the engine (rung P3).</summary>
/// <param name="Tensor">Module path.</param>
/// <param name="Layer">The encoder layer or head it belongs to.</param>
/// <param name="Elements">Codes compared, over all examples.</param>
/// <param name="LocalMismatches">Codes that differ when the layer is fed the engine's own input codes.</param>
/// <param name="LocalSqnrDecibels">Signal to difference ratio of the same, null when nothing differs.</param>
/// <param name="AccumulatedMismatches">Codes that differ when the float model runs from the tokens on.</param>
/// <param name="AccumulatedSqnrDecibels">Signal to difference ratio of the same, null when nothing differs.</param>
public sealed record LayerReport(
    string Tensor, string Layer, long Elements, long LocalMismatches, double? LocalSqnrDecibels,
    long AccumulatedMismatches, double? AccumulatedSqnrDecibels)
{
    /// <summary>Share of codes that differ locally.</summary>
    public double LocalMismatchRate => Elements == 0 ? 0 : (double)LocalMismatches / Elements;

    /// <summary>Share of codes that differ from the tokens on.</summary>
    public double AccumulatedMismatchRate => Elements == 0 ? 0 : (double)AccumulatedMismatches / Elements;
}

/// <summary>Rung P3: the fake-quantized model against the engine.</summary>
/// <param name="Examples">Sequences compared.</param>
/// <param name="Layers">One row per code tensor, in the order in which they run.</param>
/// <param name="LargestLogitDifference">Largest |difference| of a logit, from the tokens on.</param>
/// <param name="ArgmaxAgreements">Sequences whose largest logit is the same class; null for a regression.</param>
/// <param name="FirstDivergence">The first code that differs from the tokens on (expected is the engine's); null when none does.</param>
public sealed record LayerParityReport(
    int Examples, IReadOnlyList<LayerReport> Layers, double LargestLogitDifference, int? ArgmaxAgreements, Divergence? FirstDivergence = null)
{
    /// <summary>Share of sequences with the same class; null for a regression.</summary>
    public double? ArgmaxAgreement => (double?)ArgmaxAgreements / Examples;

    /// <summary>The encoder layer or head whose own arithmetic differs most, or null when no code differs locally.</summary>
    /// <remarks>Inside an encoder layer differences run on from tensor to tensor, so the layer is named, not a tensor.</remarks>
    public string? LargestContributor => Layers
        .GroupBy(l => l.Layer)
        .Select(g => (Layer: g.Key, Rate: (double)g.Sum(l => l.LocalMismatches) / g.Sum(l => l.Elements)))
        .Where(g => g.Rate > 0)
        .Select(g => ((string Layer, double Rate)?)g)
        .MaxBy(g => g!.Value.Rate)?.Layer;
}

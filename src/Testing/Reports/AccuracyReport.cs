using QatKit.Testing.Statistics;

namespace QatKit.Testing.Reports;

/// <summary>Task metric of one model.</summary>
/// <param name="Model"><c>fp32</c>, <c>fake-quant</c> or <c>engine</c>.</param>
/// <param name="Value">The metric, for example accuracy in [0, 1].</param>
public sealed record MetricValue(string Model, double Value);

/// <summary>Rung P4: the task metric before and after, on the same examples.</summary>
/// <param name="Metric">Name of the metric.</param>
/// <param name="Examples">Labelled sequences.</param>
/// <param name="Values">One value per model.</param>
/// <param name="NoiseBand">Half-width of the 95 % interval of the first model's accuracy on a set of this size; null for a regression.</param>
/// <param name="Comparisons">Paired flips between models.</param>
public sealed record AccuracyReport(
    string Metric, int Examples, IReadOnlyList<MetricValue> Values, double? NoiseBand, IReadOnlyList<PairedComparison> Comparisons);

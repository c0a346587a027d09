using QatKit.Testing.Reports;
using QatKit.Testing.Statistics;
using QatKit.Training.Metrics;

namespace QatKit.Training.Verification;

/// <summary>P4: the task metric of FP32, fake-quantized model and engine on the same examples.</summary>
internal static class AccuracyRung
{
    /// <summary>Compares logits of any number of models; the first is the baseline, the last the engine.</summary>
    /// <param name="metric">Task metric.</param>
    /// <param name="labels">Class indices, or target values of a regression.</param>
    /// <param name="classes">C.</param>
    /// <param name="models">Name and logits [n, C] of each.</param>
    public static AccuracyReport Run(Metric metric, IReadOnlyList<float> labels, int classes, IReadOnlyList<(string Name, float[] Logits)> models)
    {
        var name = metric.ToString().ToLowerInvariant();
        MetricValue[] values = [.. models.Select(m => new MetricValue(m.Name, MetricCalculator.Compute(metric, m.Logits, classes, labels)))];
        if (MetricCalculator.IsRegression(metric)) return new AccuracyReport(name, labels.Count, values, null, []);
        int[] expected = [.. labels.Select(l => (int)l)];
        var predicted = models.Select(m => Classes.Argmax(m.Logits, classes)).ToList();
        var pairs = from i in Enumerable.Range(0, models.Count)
                    from j in Enumerable.Range(i + 1, models.Count - i - 1)
                    select PairedComparison.Create(models[i].Name, models[j].Name, expected, predicted[i], predicted[j]);
        var accuracy = MetricCalculator.Compute(Metric.Accuracy, models[0].Logits, classes, labels);
        return new AccuracyReport(name, labels.Count, values, NoiseBand.HalfWidth(accuracy, labels.Count), [.. pairs]);
    }
}

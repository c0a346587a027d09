using QatKit.Testing.Statistics;
using QatKit.Training.Metrics;

namespace QatKit.Training.Tests.Metrics;

public sealed class MetricCalculatorTests
{
    // True 0 0 0 1 1 1 1 1, predicted 0 0 1 0 1 1 1 1: TP 4, FP 1, FN 1, TN 2.
    private static readonly float[] Labels = [0, 0, 0, 1, 1, 1, 1, 1];
    private static readonly float[] Logits = [1, 0, 2, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 3, -2, -1];

    [Theory]
    [InlineData(Metric.Accuracy, 6.0 / 8)]
    [InlineData(Metric.F1, 8.0 / 10)]
    [InlineData(Metric.Matthews, (4 * 2 - 1 * 1) / 15.0)] // sqrt(5 · 5 · 3 · 3) = 15
    public void Binary_metrics_follow_their_definitions(Metric metric, double expected) =>
        Assert.Equal(expected, MetricCalculator.Compute(metric, Logits, 2, Labels), 12);

    [Fact]
    public void Three_classes_use_macro_f1_and_the_general_matthews()
    {
        float[] labels = [0, 1, 2, 2];
        float[] logits = [1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1];
        Assert.Equal((1 + 2.0 / 3 + 2.0 / 3) / 3, MetricCalculator.Compute(Metric.F1, logits, 3, labels), 12);
        // c = 3, s = 4, p = (1, 2, 1), t = (1, 1, 2): (12 − 5) / sqrt((16 − 6)(16 − 6))
        Assert.Equal(0.7, MetricCalculator.Compute(Metric.Matthews, logits, 3, labels), 12);
    }

    [Fact]
    public void Correlations_follow_their_definitions()
    {
        float[] predicted = [1, 2, 3, 10];
        float[] target = [2, 4, 6, 7];
        Assert.Equal(1, MetricCalculator.Compute(Metric.Spearman, predicted, 1, target), 12);
        Assert.Equal(22 / Math.Sqrt(50 * 14.75), MetricCalculator.Compute(Metric.Pearson, predicted, 1, target), 12);
    }

    [Fact]
    public void Undefined_values_are_0()
    {
        Assert.Equal(0, MetricCalculator.Compute(Metric.Matthews, [1, 0, 1, 0], 2, [0, 1]));
        Assert.Equal(0, MetricCalculator.Compute(Metric.Pearson, [1, 1], 1, [0, 1]));
        Assert.Equal(0, MetricCalculator.Compute(Metric.F1, [1, 0], 2, [0]));
    }

    [Fact]
    public void A_tie_goes_to_the_lower_class() => Assert.Equal([0, 1], Classes.Argmax([1, 1, 0, 2], 2));
}

using MathNet.Numerics.Statistics;
using QatKit.Testing.Statistics;

namespace QatKit.Training.Metrics;

/// <summary>Computes task metrics from logits.</summary>
public static class MetricCalculator
{
    /// <summary>True for the metrics of a regression.</summary>
    public static bool IsRegression(Metric metric) => metric is Metric.Pearson or Metric.Spearman;

    /// <summary>Computes one metric.</summary>
    /// <param name="metric">Which one.</param>
    /// <param name="logits">[N, C], row-major; C = 1 is a regression.</param>
    /// <param name="classes">C.</param>
    /// <param name="labels">Class indices or target values, [N].</param>
    /// <returns>The value; 0 where the metric is not defined (one class only, or constant predictions).</returns>
    public static double Compute(Metric metric, ReadOnlySpan<float> logits, int classes, IReadOnlyList<float> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (logits.Length != labels.Count * classes)
            throw new ArgumentException($"{logits.Length} logits for {labels.Count} labels of {classes} classes.", nameof(logits));
        if (IsRegression(metric))
        {
            var predicted = logits.ToArray().Select(x => (double)x).ToArray();
            var target = labels.Select(x => (double)x).ToArray();
            return ZeroIfUndefined(metric == Metric.Pearson ? Correlation.Pearson(predicted, target) : Correlation.Spearman(predicted, target));
        }

        var counts = Confusion(Classes.Argmax(logits, classes), labels, classes);
        return metric switch
        {
            Metric.Accuracy => Accuracy(counts),
            Metric.F1 => classes == 2 ? F1(counts, 1) : Enumerable.Range(0, classes).Average(c => F1(counts, c)),
            Metric.Matthews => Matthews(counts),
            _ => throw new ArgumentOutOfRangeException(nameof(metric), metric, "Unknown metric."),
        };
    }

    // counts[true class, predicted class]
    private static long[,] Confusion(int[] predicted, IReadOnlyList<float> labels, int classes)
    {
        var counts = new long[classes, classes];
        for (var i = 0; i < predicted.Length; i++) counts[(int)labels[i], predicted[i]]++;
        return counts;
    }

    private static double Accuracy(long[,] counts)
    {
        long correct = 0, all = 0;
        foreach (var count in counts) all += count;
        for (var c = 0; c < counts.GetLength(0); c++) correct += counts[c, c];
        return ZeroIfUndefined((double)correct / all);
    }

    // 2 TP / (2 TP + FP + FN)
    private static double F1(long[,] counts, int c)
    {
        var (row, column) = Margins(counts, c);
        return ZeroIfUndefined(2.0 * counts[c, c] / (row + column));
    }

    // (c s − Σ p_k t_k) / sqrt((s² − Σ p_k²)(s² − Σ t_k²)): c correct, s all, p_k predicted and t_k true counts of class k.
    private static double Matthews(long[,] counts)
    {
        double correct = 0, all = 0, mixed = 0, trueSquares = 0, predictedSquares = 0;
        for (var k = 0; k < counts.GetLength(0); k++)
        {
            var (t, p) = Margins(counts, k);
            correct += counts[k, k];
            all += t;
            mixed += (double)t * p;
            trueSquares += (double)t * t;
            predictedSquares += (double)p * p;
        }

        return ZeroIfUndefined((correct * all - mixed) / Math.Sqrt((all * all - predictedSquares) * (all * all - trueSquares)));
    }

    private static (long Row, long Column) Margins(long[,] counts, int c)
    {
        long row = 0, column = 0;
        for (var k = 0; k < counts.GetLength(0); k++)
        {
            row += counts[c, k];
            column += counts[k, c];
        }

        return (row, column);
    }

    private static double ZeroIfUndefined(double value) => double.IsFinite(value) ? value : 0;
}

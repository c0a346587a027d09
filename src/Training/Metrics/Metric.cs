namespace QatKit.Training.Metrics;

/// <summary>How good predictions are; every metric is better when larger.</summary>
public enum Metric
{
    /// <summary>Share of correct predictions, 0..1.</summary>
    Accuracy,

    /// <summary>F1 of class 1 for two classes, the mean of all classes' F1 (macro) for more, 0..1.</summary>
    F1,

    /// <summary>Matthews correlation, −1..1 (the R_K statistic of Gorodkin 2004 for more than two classes).</summary>
    Matthews,

    /// <summary>Pearson correlation of a regression, −1..1.</summary>
    Pearson,

    /// <summary>Spearman rank correlation of a regression, −1..1.</summary>
    Spearman,
}

using MathNet.Numerics.Distributions;

namespace QatKit.Testing.Statistics;

/// <summary>How much an accuracy can move by the choice of the examples alone.</summary>
public static class NoiseBand
{
    /// <summary>Half-width of the normal interval of a proportion: <c>z·sqrt(p(1 − p)/n)</c>.</summary>
    /// <param name="accuracy">p in [0, 1].</param>
    /// <param name="examples">n ≥ 1.</param>
    /// <param name="confidence">0.95 gives z = 1.96.</param>
    public static double HalfWidth(double accuracy, int examples, double confidence = 0.95)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(examples, 1);
        return Normal.InvCDF(0, 1, (1 + confidence) / 2) * Math.Sqrt(accuracy * (1 - accuracy) / examples);
    }
}

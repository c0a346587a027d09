using MathNet.Numerics.Distributions;

namespace QatKit.Testing.Statistics;

/// <summary>How much an accuracy can move by the choice of the examples alone.</summary>
public static class NoiseBand
{
    /// <summary>Half-width of Wilson's interval of a proportion: <c>z/(1 + z²/n)·sqrt(p(1 − p)/n + z²/(4n²))</c>.</summary>
    /// <remarks>Above 0 also where every example is right, which does not mean that the next one will be.</remarks>
    /// <param name="accuracy">p in [0, 1].</param>
    /// <param name="examples">n ≥ 1.</param>
    /// <param name="confidence">0.95 gives z = 1.96.</param>
    public static double HalfWidth(double accuracy, int examples, double confidence = 0.95)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(examples, 1);
        var z = Normal.InvCDF(0, 1, (1 + confidence) / 2);
        var perExample = z * z / examples;
        return z / (1 + perExample) * Math.Sqrt((accuracy * (1 - accuracy) + perExample / 4) / examples);
    }
}

namespace QatKit.InferenceEngine.Cpu;

/// <summary>What LayerNorm wants to know of a row, or of a part of it. Integers, so parts add up to the whole in any order.</summary>
/// <param name="S1">Σ r_fix.</param>
/// <param name="S2">Σ r_fix².</param>
internal readonly record struct RowSums(long S1, long S2)
{
    /// <summary>Of one value.</summary>
    public static RowSums Of(int fixedValue) => new(fixedValue, (long)fixedValue * fixedValue);

    public static RowSums operator +(RowSums a, RowSums b) => new(a.S1 + b.S1, a.S2 + b.S2);
}

/// <summary>What LayerNorm makes of the sums of a row.</summary>
/// <param name="S1">Σ r_fix.</param>
/// <param name="ReciprocalStd">rs.</param>
internal readonly record struct RowStatistics(long S1, float ReciprocalStd);

namespace QatKit.Quantization.Calibration;

/// <summary>amax = the value that a given percentage of all |x| does not exceed.</summary>
/// <remarks>From a streaming histogram of exact counts: the upper edge of the bin that holds the value of rank
/// <c>ceil(p / 100 · n)</c>, at most the largest value seen; so at most one bin (1/2048 of the largest value) too large.</remarks>
public sealed class PercentileCalibrator : ICalibrator
{
    private readonly double _percentile;
    private readonly StreamingHistogram _histogram = new();

    /// <summary>Creates the calibrator.</summary>
    /// <param name="percentile">In (0, 100].</param>
    public PercentileCalibrator(double percentile = 99.99)
    {
        if (percentile is not (> 0 and <= 100)) throw new ArgumentOutOfRangeException(nameof(percentile), percentile, "The percentile must be in (0, 100].");
        _percentile = percentile;
    }

    /// <inheritdoc/>
    public bool IsMaximumOfBatch => false;

    /// <inheritdoc/>
    public void Collect(ReadOnlySpan<float> values) => _histogram.Add(values);

    /// <inheritdoc/>
    public float ComputeAmax()
    {
        if (_histogram.SawNonFinite) return float.NaN;
        var rank = (long)Math.Ceiling(_percentile / 100 * _histogram.Total);
        long seen = 0;
        for (var i = 0; i < StreamingHistogram.Bins; i++)
        {
            seen += _histogram.Counts[i];
            if (seen >= rank) return Math.Min(_histogram.Max, (float)((i + 1) * _histogram.BinWidth));
        }

        return _histogram.Max;
    }

    /// <inheritdoc/>
    public void Reset() => _histogram.Clear();

    /// <inheritdoc/>
    public long[] SaveState() => _histogram.Save();

    /// <inheritdoc/>
    public void LoadState(ReadOnlySpan<long> state) => _histogram.Load(state);
}

using QatKit.Core.Numerics;

namespace QatKit.Quantization.Calibration;

/// <summary>amax = the range whose int8 quantization has the least mean squared error on the values seen.</summary>
/// <remarks>Tries 200 ranges from 1/200 to all of the largest value, against the centres of a streaming histogram's bins.</remarks>
public sealed class MseCalibrator : ICalibrator
{
    private const int Candidates = 200;

    private readonly StreamingHistogram _histogram = new();

    /// <inheritdoc/>
    public bool IsMaximumOfBatch => false;

    /// <inheritdoc/>
    public void Collect(ReadOnlySpan<float> values) => _histogram.Add(values);

    /// <inheritdoc/>
    public float ComputeAmax()
    {
        if (_histogram.SawNonFinite) return float.NaN;
        if (_histogram.Max == 0) return 0;
        var moments = new HistogramMoments(_histogram.Counts);
        var (best, least) = (_histogram.Max, double.PositiveInfinity);
        for (var i = 1; i <= Candidates; i++)
        {
            var amax = (float)(_histogram.Max * (double)i / Candidates);
            var error = SquaredError(moments, amax / NumericsContract.Int8Max / _histogram.BinWidth);
            if (error < least) (best, least) = (amax, error);
        }

        return best;
    }

    /// <inheritdoc/>
    public void Reset() => _histogram.Clear();

    /// <inheritdoc/>
    public long[] SaveState() => _histogram.Save();

    /// <inheritdoc/>
    public void LoadState(ReadOnlySpan<long> state) => _histogram.Load(state);

    // Step and error in units of a bin. The values of one code are neighbours, so a code costs one look at the running sums.
    private static double SquaredError(HistogramMoments moments, double step)
    {
        double sum = 0;
        var from = 0;
        for (var code = 0; code < NumericsContract.Int8Max && from < StreamingHistogram.Bins; code++)
        {
            // The first bin whose centre is nearer to the next code.
            var end = (int)Math.Clamp(Math.Ceiling((code + 0.5) * step - 0.5), from, StreamingHistogram.Bins);
            sum += moments.SquaredDistance(from, end, code * step);
            from = end;
        }

        return sum + moments.SquaredDistance(from, StreamingHistogram.Bins, NumericsContract.Int8Max * step);
    }
}

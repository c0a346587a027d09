using QatKit.Core.Numerics;

namespace QatKit.Quantization.Calibration;

/// <summary>amax = the range whose int8 quantization has the least mean squared error on the values seen.</summary>
/// <remarks>Tries 200 ranges from 1/200 to all of the largest value, against the centres of a streaming histogram's bins.</remarks>
public sealed class MseCalibrator : ICalibrator
{
    private const int Candidates = 200;

    private readonly StreamingHistogram _histogram = new();

    /// <inheritdoc/>
    public void Collect(ReadOnlySpan<float> values) => _histogram.Add(values);

    /// <inheritdoc/>
    public float ComputeAmax()
    {
        if (_histogram.SawNonFinite) return float.NaN;
        if (_histogram.Max == 0) return 0;
        var (best, least) = (_histogram.Max, double.PositiveInfinity);
        for (var i = 1; i <= Candidates; i++)
        {
            var amax = (float)(_histogram.Max * (double)i / Candidates);
            var error = SquaredError(amax);
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

    private double SquaredError(float amax)
    {
        var step = (double)amax / NumericsContract.Int8Max;
        double sum = 0;
        for (var i = 0; i < StreamingHistogram.Bins; i++)
        {
            if (_histogram.Counts[i] == 0) continue;
            var x = (i + 0.5) * _histogram.BinWidth;
            var error = x - Math.Min(Math.Round(x / step), NumericsContract.Int8Max) * step;
            sum += _histogram.Counts[i] * error * error;
        }

        return sum;
    }
}

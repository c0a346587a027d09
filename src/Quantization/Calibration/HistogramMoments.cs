namespace QatKit.Quantization.Calibration;

/// <summary>Running sums over a histogram's bins, from which the squared distance of any run of bins to a value is three
/// differences.</summary>
/// <remarks>A value counts as the centre of its bin, i + 0.5 in units of a bin.</remarks>
internal sealed class HistogramMoments
{
    // Sums over the bins before the index, [bins + 1]: of counts, of values, of squared values.
    private readonly double[] _count;
    private readonly double[] _sum;
    private readonly double[] _squares;

    internal HistogramMoments(ReadOnlySpan<long> counts)
    {
        (_count, _sum, _squares) = (new double[counts.Length + 1], new double[counts.Length + 1], new double[counts.Length + 1]);
        for (var i = 0; i < counts.Length; i++)
        {
            double n = counts[i], x = i + 0.5;
            _count[i + 1] = _count[i] + n;
            _sum[i + 1] = _sum[i] + n * x;
            _squares[i + 1] = _squares[i] + n * x * x;
        }
    }

    /// <summary><c>Σ (x − value)²</c> over bins [from, end).</summary>
    internal double SquaredDistance(int from, int end, double value) =>
        _squares[end] - _squares[from] - value * (2 * (_sum[end] - _sum[from]) - value * (_count[end] - _count[from]));
}

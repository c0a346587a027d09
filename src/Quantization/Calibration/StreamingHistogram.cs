using QatKit.Quantization.Kernels;

namespace QatKit.Quantization.Calibration;

/// <summary>Histogram of |x| with exact int64 counts over a range that doubles when a larger value comes.</summary>
/// <remarks>The bin width is a power of two, so the bin of a value is exact, and merging pairs of bins gives the very
/// histogram that the wider bins would have collected: the order of the batches does not matter.</remarks>
internal sealed class StreamingHistogram
{
    internal const int Bins = 4096;

    private readonly long[] _counts = new long[Bins];
    private int _exponent; // bin width 2^_exponent

    internal ReadOnlySpan<long> Counts => _counts;

    /// <summary>Values counted, zeros included.</summary>
    internal long Total { get; private set; }

    /// <summary>Largest |x|.</summary>
    internal float Max { get; private set; }

    /// <summary>True once a NaN or an infinity came; nothing of its batch is counted.</summary>
    internal bool SawNonFinite { get; private set; }

    internal double BinWidth => Math.ScaleB(1, _exponent);

    internal void Add(ReadOnlySpan<float> values)
    {
        var max = AbsMax.Of(values);
        if (!float.IsFinite(max))
        {
            SawNonFinite = true;
            return;
        }

        GrowTo(max);
        var inverseWidth = Math.ScaleB(1, -_exponent);
        foreach (var x in values) _counts[(int)(Math.Abs((double)x) * inverseWidth)]++;
        Total += values.Length;
    }

    internal void Clear()
    {
        Array.Clear(_counts);
        (Total, Max, SawNonFinite, _exponent) = (0, 0, false, 0);
    }

    internal long[] Save() =>
        [_exponent, Total, BitConverter.SingleToInt32Bits(Max), SawNonFinite ? 1 : 0, .. _counts];

    internal void Load(ReadOnlySpan<long> state)
    {
        if (state.Length != Bins + 4) throw new ArgumentException($"{state.Length} numbers, expected {Bins + 4}.", nameof(state));
        (_exponent, Total, Max, SawNonFinite) = ((int)state[0], state[1], BitConverter.Int32BitsToSingle((int)state[2]), state[3] != 0);
        state[4..].CopyTo(_counts);
    }

    private void GrowTo(float max)
    {
        if (max == 0) return;
        // Smallest power-of-two range that holds max strictly inside.
        var needed = Math.ILogB(max) + 1 - int.Log2(Bins);
        // Only zeros so far: they are in bin 0 of any width.
        if (Max == 0) _exponent = needed;
        Max = MathF.Max(Max, max);
        for (; _exponent < needed; _exponent++)
        {
            for (var i = 0; i < Bins / 2; i++) _counts[i] = _counts[2 * i] + _counts[2 * i + 1];
            Array.Clear(_counts, Bins / 2, Bins / 2);
        }
    }
}

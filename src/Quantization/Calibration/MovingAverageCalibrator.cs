using QatKit.Quantization.Kernels;

namespace QatKit.Quantization.Calibration;

/// <summary>amax = exponential moving average of each batch's largest |x|, starting at the first batch's.</summary>
/// <remarks><c>amax += momentum · (batch − amax)</c> in float32.</remarks>
public sealed class MovingAverageCalibrator : ICalibrator
{
    private readonly float _momentum;
    private float _amax;
    private bool _started;

    /// <summary>Creates the calibrator.</summary>
    /// <param name="momentum">Weight of a new batch, in (0, 1].</param>
    public MovingAverageCalibrator(float momentum = 0.1f)
    {
        if (momentum is not (> 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(momentum), momentum, "The momentum must be in (0, 1].");
        _momentum = momentum;
    }

    /// <inheritdoc/>
    public bool IsMaximumOfBatch => true;

    /// <inheritdoc/>
    public void Collect(ReadOnlySpan<float> values)
    {
        var batch = AbsMax.Of(values);
        _amax = _started ? _amax + _momentum * (batch - _amax) : batch;
        _started = true;
    }

    /// <inheritdoc/>
    public float ComputeAmax() => float.IsFinite(_amax) ? _amax : float.NaN;

    /// <inheritdoc/>
    public void Reset() => (_amax, _started) = (0, false);

    /// <inheritdoc/>
    public long[] SaveState() => [BitConverter.SingleToInt32Bits(_amax), _started ? 1 : 0];

    /// <inheritdoc/>
    public void LoadState(ReadOnlySpan<long> state)
    {
        if (state.Length != 2) throw new ArgumentException($"{state.Length} numbers, expected 2.", nameof(state));
        (_amax, _started) = (BitConverter.Int32BitsToSingle((int)state[0]), state[1] != 0);
    }
}

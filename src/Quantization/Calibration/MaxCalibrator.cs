using QatKit.Quantization.Kernels;

namespace QatKit.Quantization.Calibration;

/// <summary>amax = the largest |x| ever seen.</summary>
public sealed class MaxCalibrator : ICalibrator
{
    private float _amax;

    /// <inheritdoc/>
    public bool IsMaximumOfBatch => true;

    /// <inheritdoc/>
    public float Follow(float amax, float batch, float momentum) => MathF.Max(amax, batch);

    /// <inheritdoc/>
    public void Collect(ReadOnlySpan<float> values) => _amax = MathF.Max(_amax, AbsMax.Of(values)); // NaN wins in both.

    /// <inheritdoc/>
    public float ComputeAmax() => float.IsFinite(_amax) ? _amax : float.NaN;

    /// <inheritdoc/>
    public void Reset() => _amax = 0;

    /// <inheritdoc/>
    public long[] SaveState() => [BitConverter.SingleToInt32Bits(_amax)];

    /// <inheritdoc/>
    public void LoadState(ReadOnlySpan<long> state)
    {
        if (state.Length != 1) throw new ArgumentException($"{state.Length} numbers, expected 1.", nameof(state));
        _amax = BitConverter.Int32BitsToSingle((int)state[0]);
    }
}

namespace QatKit.Quantization.Calibration;

/// <summary>Chooses the range [−amax, amax] of a tensor from the values that it takes on calibration data.</summary>
public interface ICalibrator
{
    /// <summary>True when the range of a single batch is its largest |x|, which a training step knows without another look at
    /// the values.</summary>
    bool IsMaximumOfBatch { get; }

    /// <summary>The range after another training batch: by default <c>amax + momentum · (batch − amax)</c> in float32.</summary>
    /// <param name="amax">The range so far.</param>
    /// <param name="batch">The range of the batch alone.</param>
    /// <param name="momentum">Weight of the batch, in (0, 1].</param>
    float Follow(float amax, float batch, float momentum) => amax + momentum * (batch - amax);

    /// <summary>Takes in the values of one batch.</summary>
    void Collect(ReadOnlySpan<float> values);

    /// <summary>The range chosen from everything collected so far: 0 when only zeros (or nothing) came,
    /// NaN when a value was not finite.</summary>
    float ComputeAmax();

    /// <summary>Forgets everything.</summary>
    void Reset();

    /// <summary>The whole state, so that a resumed run continues with the same bits.</summary>
    long[] SaveState();

    /// <summary>Continues from a saved state.</summary>
    /// <exception cref="ArgumentException">The state is not one of this kind of calibrator.</exception>
    void LoadState(ReadOnlySpan<long> state);
}

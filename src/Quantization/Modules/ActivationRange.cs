using QatKit.Quantization.Calibration;
using QatKit.Quantization.Kernels;
using static TorchSharp.torch;

namespace QatKit.Quantization.Modules;

/// <summary>The range [−amax, amax] of one activation: found by a calibrator, then followed in training until ranges are
/// frozen.</summary>
/// <remarks>What is followed is the calibrator's own rule applied to each batch: a percentile stays a percentile, and a maximum over all
/// batches only grows (<see cref="ICalibrator.Follow"/>).</remarks>
public sealed class ActivationRange
{
    private readonly QuantizationControl _control;

    internal ActivationRange(string name, ICalibrator calibrator, QuantizationControl control)
    {
        Name = name;
        Calibrator = calibrator;
        _control = control;
    }

    /// <summary>Module path of the owner and what of it, for example <c>classifier.input</c>.</summary>
    public string Name { get; }

    /// <summary>The present range; 0 before calibration.</summary>
    public float Amax { get; internal set; }

    /// <summary>The calibrator.</summary>
    public ICalibrator Calibrator { get; }

    /// <summary>Name and range.</summary>
    public override string ToString() => FormattableString.Invariant($"{Name}: amax {Amax:G6}");

    internal void Collect(Tensor values, bool training)
    {
        // Dropout would be part of the range.
        if (training) throw new InvalidOperationException(QuantizationControl.NeedsEvaluationMode);
        using var detached = values.detach();
        using var cpu = detached.cpu();
        using var contiguous = cpu.contiguous();
        Calibrator.Collect(TensorMemory.Span(contiguous));
    }

    /// <summary>Moves the range towards a training batch's, while ranges are not frozen. Once per activation and batch.</summary>
    /// <param name="values">The batch, [T, N].</param>
    /// <param name="absMax">Its largest |x|.</param>
    /// <param name="training">Whether this is a training step.</param>
    internal void Follow(Tensor values, float absMax, bool training)
    {
        if (!training || _control.RangesFrozen || _control.RangeMomentum == 0) return;
        // A diverging batch must not spoil the range: the loss tells.
        if (!float.IsFinite(absMax)) return;
        Amax = Calibrator.Follow(Amax, Calibrator.IsMaximumOfBatch ? absMax : Estimate(values), _control.RangeMomentum);
    }

    // The calibrator is at rest in training, so it may look at one batch alone.
    private float Estimate(Tensor values)
    {
        using var sample = BatchSample.Of(values);
        Calibrator.Collect(TensorMemory.Span(sample));
        var amax = Calibrator.ComputeAmax();
        Calibrator.Reset();
        return amax;
    }
}

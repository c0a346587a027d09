using QatKit.Quantization.Calibration;
using QatKit.Quantization.Kernels;
using static TorchSharp.torch;

namespace QatKit.Quantization.Modules;

/// <summary>The range [−amax, amax] of one activation: found by a calibrator, then followed by a moving average in training
/// until ranges are frozen.</summary>
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

    /// <summary>Moves the range towards a training batch's, while ranges are not frozen.</summary>
    internal void Follow(float batchAmax, bool training)
    {
        // A diverging batch must not spoil the range: the loss tells.
        if (!training || _control.RangesFrozen || !float.IsFinite(batchAmax)) return;
        Amax += _control.RangeMomentum * (batchAmax - Amax);
    }
}

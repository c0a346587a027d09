using QatKit.Core.Graph;

namespace QatKit.Quantization.Modules;

/// <summary>What all quantizers of one prepared model share.</summary>
internal sealed class QuantizationControl(float rangeMomentum)
{
    internal const string NeedsEvaluationMode = "Calibration needs evaluation mode: call eval() on the model first.";

    internal QuantizationPhase Phase { get; set; }

    internal bool RangesFrozen { get; set; }

    internal float RangeMomentum { get; } = rangeMomentum;

    internal IActivationTrace? Trace { get; set; }
}

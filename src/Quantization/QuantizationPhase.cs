namespace QatKit.Quantization;

/// <summary>What a prepared model's quantizers do.</summary>
public enum QuantizationPhase
{
    /// <summary>Nothing: the model computes exactly what it did before it was prepared.</summary>
    Off,

    /// <summary>Float arithmetic; calibrators watch. Evaluation mode only.</summary>
    Calibrate,

    /// <summary>The arithmetic of the numerics contract, with straight-through gradients.</summary>
    FakeQuant,
}

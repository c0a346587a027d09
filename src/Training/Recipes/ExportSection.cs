using System.ComponentModel.DataAnnotations;

namespace QatKit.Training.Recipes;

/// <summary>The finished model.</summary>
public sealed record ExportSection
{
    /// <summary>Folder of the artifact inside the run folder.</summary>
    public string Output { get; init; } = "model";
}

/// <summary>What must hold before a run counts as a success. Bit-equality of the engine is always required.</summary>
public sealed record VerifySection
{
    /// <summary>Most that the engine's metric may lie below the floating-point model's, absolute (0.01 is one point).</summary>
    [Range(0.0, 1.0)]
    public double MaxMetricLoss { get; init; } = 0.02;

    /// <summary>Least share of examples on which the fake-quantize model and the engine choose the same class.</summary>
    [Range(0.0, 1.0)]
    public double MinArgmaxAgreement { get; init; } = 0.995;

    /// <summary>Largest share of differing codes that one layer may add by itself.</summary>
    [Range(0.0, 1.0)]
    public double MaxLocalMismatch { get; init; } = 0.001;
}

using System.ComponentModel.DataAnnotations;

namespace QatKit.Training.Recipes;

/// <summary>The finished model.</summary>
public sealed record ExportSection
{
    /// <summary>Folder of the artifact inside the run folder: letters, digits, <c>.</c>, <c>_</c> and <c>-</c>.</summary>
    public string Output { get; init; } = "model";
}

/// <summary>What must hold before a run counts as a success. Bit-equality of the engine is always required.</summary>
public sealed record VerifySection
{
    /// <summary>Prove bit-equality on the first N evaluation examples only, because the scalar reference is slow; without it on all. What is
    /// compared with the torch models takes all in any case.</summary>
    [Range(1, int.MaxValue)]
    public int? Examples { get; init; }

    /// <summary>Most that the engine's metric may lie below the floating-point model's, absolute (0.01 is one point).</summary>
    [Range(0.0, 1.0)]
    public double MaxMetricLoss { get; init; } = 0.02;

    /// <summary>Least share of examples on which the fake-quantize model and the engine choose the same class; no gate of a regression, which has no classes.</summary>
    [Range(0.0, 1.0)]
    public double MinArgmaxAgreement { get; init; } = 0.995;

    /// <summary>Largest share of differing codes that one layer may add by itself.</summary>
    [Range(0.0, 1.0)]
    public double MaxLocalMismatch { get; init; } = 0.001;
}

namespace QatKit.Testing.Reports;

/// <summary>What a verification requires beyond P0-P2, which must always be exact.</summary>
/// <param name="MaxLocalMismatchRate">Largest share of differing codes of one tensor, locally.</param>
/// <param name="MinArgmaxAgreement">Smallest share of sequences with the same class; not for a regression.</param>
/// <param name="MaxMetricLoss">Largest loss of the engine's metric against FP32; null: not a gate.</param>
public sealed record VerificationGates(
    double MaxLocalMismatchRate = 0.001, double MinArgmaxAgreement = 0.995, double? MaxMetricLoss = null);

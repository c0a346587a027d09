using QatKit.Core.Artifact;
using QatKit.Core.Graph;
using QatKit.InferenceEngine;
using QatKit.Quantization.Surgery;
using QatKit.Testing.Reports;
using QatKit.Training.Bert;
using QatKit.Training.Metrics;

namespace QatKit.Training.Verification;

/// <summary>What to verify, against what.</summary>
/// <param name="Artifact">The model as it was read back from disk.</param>
/// <param name="Sequences">Every example as a batch of one, at least one.</param>
public sealed record VerificationRequest(ModelArtifact Artifact, IReadOnlyList<TokenBatch> Sequences)
{
    /// <summary>Class indices or target values, one per sequence; without them there is no P4.</summary>
    public IReadOnlyList<float>? Labels { get; init; }

    /// <summary>Task metric of P4.</summary>
    public Metric Metric { get; init; } = Metric.Accuracy;

    /// <summary>The torch model from which the artifact was frozen, with its quantizers; without it there is no P3.</summary>
    public (BertForSequenceClassification Model, PreparedModel Prepared)? FakeQuant { get; init; }

    /// <summary>Logits [n, C] of the FP32 model on the same sequences, for P4; without them P4 starts from the fake-quantized model.</summary>
    public float[]? Fp32Logits { get; init; }

    /// <summary>Backends that must give the reference's bits; one that is not here is an error.</summary>
    public IReadOnlyList<EngineBackend> Backends { get; init; } = [EngineBackend.Cpu];

    /// <summary>P0 to P2 run on the first so many sequences only; on all when null.</summary>
    public int? ReferenceExamples { get; init; }

    /// <summary>What must hold beyond P0 to P2. A metric loss needs another model to compare with.</summary>
    public VerificationGates Gates { get; init; } = new();
}

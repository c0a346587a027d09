using QatKit.Core.Artifact;
using QatKit.InferenceEngine;
using QatKit.Testing;
using QatKit.Testing.Ladder;
using QatKit.Testing.Reports;
using QatKit.Training.Bert;
using QatKit.Training.Runs;
using static TorchSharp.torch;

namespace QatKit.Training.Verification;

/// <summary>Verifies an artifact against the checkpoints of the run that made it.</summary>
public static class RunVerification
{
    private const int BatchSize = 32;

    /// <summary>The whole ladder on any labelled data.</summary>
    /// <param name="artifact">The model.</param>
    /// <param name="data">Examples.</param>
    /// <param name="runFolder">Folder of the run: its fake-quantized model is the other side of P3, its FP32 model the baseline of P4.</param>
    /// <param name="backends">Backends that must give the reference's bits.</param>
    /// <param name="gates">Makes the gates from those of the run's recipe.</param>
    /// <param name="progress">Receives the name of each rung as it starts.</param>
    /// <param name="cancellationToken">Checked before each batch.</param>
    /// <exception cref="Core.Diagnostics.QatKitException">QK1124: the run made another model; QK1134: the folder is no finished run.</exception>
    public static VerificationReport Run(ModelArtifact artifact, VerificationData data, string runFolder, IReadOnlyList<EngineBackend> backends, Func<VerificationGates, VerificationGates> gates,
        IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(gates);
        var recipe = FakeQuantCheckpoint.ReadRecipe(runFolder);
        SameModel.Require(artifact, new RunFolder(runFolder), RunExporter.Labels(recipe.Task));
        using var run = FakeQuantCheckpoint.Load(runFolder);
        return Verifier.Run(
            new VerificationRequest(artifact, data.Sequences)
            {
                Labels = data.Labels,
                Metric = recipe.Task.Metric,
                Backends = backends,
                ReferenceExamples = recipe.Verify.Examples,
                FakeQuant = (run.Model, run.Prepared),
                Fp32Logits = data.Labels is null ? null : Fp32Logits(run, data, cancellationToken),
                Gates = gates(new VerificationGates(recipe.Verify.MaxLocalMismatch, recipe.Verify.MinArgmaxAgreement, recipe.Verify.MaxMetricLoss)),
            },
            progress, cancellationToken);
    }

    private static float[] Fp32Logits(FinishedRun run, VerificationData data, CancellationToken cancellationToken)
    {
        var (model, _) = BertCheckpoint.Load(run.Folder.Fp32, run.Recipe.Train.Seed);
        using var owned = model;
        model.eval();
        using var fp32 = new Implementation("fp32", (batch, _) =>
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            return model.Run(batch).data<float>().ToArray();
        });
        return InvarianceRung.AllLogits(fp32, data.Sequences, BatchSize, cancellationToken: cancellationToken);
    }
}

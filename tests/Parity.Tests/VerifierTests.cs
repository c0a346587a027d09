using System.Text.Json;
using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.Quantization.Placement;
using QatKit.TestKit;
using QatKit.Testing;
using QatKit.Testing.Reports;
using QatKit.Testing.Statistics;
using QatKit.Training.Verification;

namespace QatKit.Parity.Tests;

[Collection(TorchCollection.Name)]
public sealed class VerifierTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_frozen_model_passes_every_rung_without_one_differing_code(int seed)
    {
        using var model = new FrozenModel(seed, seed == 2 ? new QuantizationPlan { Ignore = ["*.layer.1.intermediate.dense"] } : null);
        var labels = Labels(model);
        var report = Verify(model, labels);
        Assert.True(report.Passed, string.Join(Environment.NewLine, report.GateResults));
        Assert.Equal(["P0", "P1", "P2"], report.Rungs.Select(r => r.Rung));
        var p3 = report.LayerParity!;
        Assert.Equal((40, 40, 0.0), (p3.Examples, p3.ArgmaxAgreements!.Value, p3.LargestLogitDifference));
        Assert.Null(p3.LargestContributor);
        Assert.Null(p3.FirstDivergence);
        Assert.All(p3.Layers, l => Assert.Equal((0L, 0L), (l.LocalMismatches, l.AccumulatedMismatches)));
        var tokens = model.Sequences.Sum(s => s.TokenCount);
        Assert.Equal(tokens * 32, p3.Layers.Single(l => l.Tensor == ModuleNames.Query(1)).Elements);
        Assert.Equal(40 * 32, p3.Layers.Single(l => l.Tensor == ModuleNames.Pooler).Elements);
        Assert.Equal(1 + 2 * 7 + 1, p3.Layers.Count); // embeddings; q, k, v, context, attention norm, FFN, output norm; pooler
        Assert.Equal([1.0, 1.0], report.Accuracy!.Values.Select(v => v.Value));
    }

    [Fact]
    public void A_difference_in_one_layer_is_local_to_it_and_accumulates_after_it()
    {
        using var model = new FrozenModel(5);
        model.Nudge(ModuleNames.Intermediate(0) + ".bias", 3, 1.5f);
        var report = Verify(model, Labels(model));
        Assert.False(report.Passed);
        Assert.True(report.BitEqual); // the engine itself is not at fault
        var p3 = report.LayerParity!;
        Assert.Equal(ModuleNames.Layer(0), p3.LargestContributor);
        var layers = p3.Layers.ToDictionary(l => l.Tensor);
        Assert.Equal(0, layers[ModuleNames.Context(0)].AccumulatedMismatches);
        Assert.True(layers[ModuleNames.Intermediate(0)].LocalMismatchRate > 0.005);
        Assert.All((string[])[ModuleNames.Query(1), ModuleNames.Intermediate(1), ModuleNames.Pooler], t =>
        {
            Assert.Equal(0, layers[t].LocalMismatches);
            Assert.True(layers[t].AccumulatedMismatches > 0, t);
            Assert.InRange(layers[t].AccumulatedSqnrDecibels!.Value, 1, 80);
        });

        // The first difference is explained with the engine's value before rounding.
        var first = p3.FirstDivergence!;
        Assert.Equal((ModuleNames.Intermediate(0), 3), (first.Tensor, first.Column));
        var scale = model.Graph.Layers[0].Output.Input.Scale;
        Assert.Equal(first.Expected, FormattableString.Invariant($"{MathF.Round(first.BeforeRounding!.Value / scale)}"));
        Assert.Contains(report.GateResults, g => !g.Passed && g.Name == "P3 local code mismatch" && g.Detail.Contains(ModuleNames.Layer(0), StringComparison.Ordinal));
    }

    [Fact]
    public void A_loss_of_accuracy_fails_its_gate_with_the_flips()
    {
        using var model = new FrozenModel(6);
        var labels = Labels(model);
        // A better FP32 model: right where the engine is right, and on four examples more.
        float[] fp32 = [.. labels.SelectMany(l => new[] { l == 0 ? 1f : 0f, l == 1 ? 1f : 0f, l == 2 ? 1f : 0f })];
        float[] harder = [.. labels.Select((l, i) => i < 4 ? (l + 1) % 3 : l)];
        float[] better = [.. harder.SelectMany(l => new[] { l == 0 ? 1f : 0f, l == 1 ? 1f : 0f, l == 2 ? 1f : 0f })];
        var report = Verify(model, harder, better, new VerificationGates(MaxMetricLoss: 0.05));
        Assert.Equal(["P4 accuracy loss: fp32 1.0000 - engine 0.9000 = 0.1000, limit 0.0500"], report.GateResults.Where(g => !g.Passed).Select(g => $"{g.Name}: {g.Detail}"));
        Assert.Equal(new PairedComparison("fp32", "engine", 40, 36, 4, 0), report.Accuracy!.Comparisons.Single(c => c is { Baseline: "fp32", Candidate: "engine" }));
        Assert.True(Verify(model, labels, fp32, new VerificationGates(MaxMetricLoss: 0)).Passed);
    }

    [Fact]
    public void A_gate_on_the_loss_of_the_engine_against_itself_is_refused()
    {
        using var model = new FrozenModel(6);
        var request = new VerificationRequest(model.Artifact, model.Sequences) { Labels = Labels(model), Gates = new VerificationGates(MaxMetricLoss: 0) };
        var e = Assert.Throws<ArgumentException>(() => Verifier.Run(request, cancellationToken: TestContext.Current.CancellationToken));
        Assert.StartsWith("A gate on the metric loss needs another model's logits: without them the engine is compared with itself.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fewer_reference_examples_leave_the_other_rungs_whole()
    {
        using var model = new FrozenModel(4);
        var request = new VerificationRequest(model.Artifact, model.Sequences) { Labels = Labels(model), FakeQuant = (model.Model, model.Prepared), ReferenceExamples = 5 };
        var report = Verifier.Run(request, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((40, 5, 40, 40), (report.Examples, report.ReferenceExamples, report.LayerParity!.Examples, report.Accuracy!.Examples));
        Assert.Equal(5 * 3, report.Rungs.Single(r => r.Rung == "P2").Checks[0].Compared);
    }

    [Fact]
    public void A_regression_has_no_gate_on_its_class()
    {
        using var model = new FrozenModel(3, classes: 1);
        var report = Verifier.Run(
            new VerificationRequest(model.Artifact, model.Sequences) { FakeQuant = (model.Model, model.Prepared) }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(report.Passed, string.Join(Environment.NewLine, report.GateResults));
        Assert.Null(report.LayerParity!.ArgmaxAgreements);
        Assert.DoesNotContain(report.GateResults, g => g.Name == "P3 argmax agreement");
    }

    [Fact]
    public void Verification_leaves_the_torch_model_as_it_was_and_writes_both_reports()
    {
        using var model = new FrozenModel(7);
        using var folder = new TempFolder();
        model.Model.train();
        // What earlier tests left to their finalizers must not go away meanwhile.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = TorchSharp.torch.Tensor.TotalCount;
        var report = Verify(model, Labels(model));
        Assert.Equal(before, TorchSharp.torch.Tensor.TotalCount);
        Assert.True(model.Model.training);
        Assert.Equal(QatKit.Quantization.QuantizationPhase.FakeQuant, model.Prepared.Phase);
        Verifier.Write(report, folder.Combine("report"));
        using var json = JsonDocument.Parse(File.ReadAllText(folder.Combine("report", "parity.json")));
        Assert.True(json.RootElement.GetProperty("passed").GetBoolean());
        Assert.StartsWith("# Parity report: passed, bit-equal\n", File.ReadAllText(folder.Combine("report", "parity.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_artifacts_are_compared_by_their_folders()
    {
        using var a = new FrozenModel(8);
        using var b = new FrozenModel(9);
        QatParity.AssertBitEqual(a.Artifact.Directory, a.Artifact.Directory, a.Sequences);
        var e = Assert.Throws<QatParityException>(() => QatParity.AssertBitEqual(a.Artifact.Directory, b.Artifact.Directory, a.Sequences));
        Assert.StartsWith($"'{b.Artifact.Directory}' is not bit-equal to '{a.Artifact.Directory}': batch 0, first divergence in bert.embeddings.LayerNorm at [0, 0]: ", e.Message, StringComparison.Ordinal);
    }

    private static VerificationReport Verify(FrozenModel model, float[] labels, float[]? fp32 = null, VerificationGates? gates = null) =>
        Verifier.Run(
            new VerificationRequest(model.Artifact, model.Sequences)
            {
                Labels = labels,
                FakeQuant = (model.Model, model.Prepared),
                Fp32Logits = fp32,
                Gates = gates ?? new VerificationGates(),
            },
            cancellationToken: TestContext.Current.CancellationToken);

    // What the model says is taken for the truth.
    private static float[] Labels(FrozenModel model) =>
        Array.ConvertAll(Classes.Argmax(ReferenceExecutor.Run(model.Graph, Batches.Concatenate(model.Sequences)), 3), c => (float)c);
}

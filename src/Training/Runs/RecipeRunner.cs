using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Core.Files;
using QatKit.Export;
using QatKit.Quantization;
using QatKit.Quantization.Freezing;
using QatKit.Quantization.Surgery;
using QatKit.Testing.Reports;
using QatKit.Training.Bert;
using QatKit.Training.Metrics;
using QatKit.Training.Recipes;
using QatKit.Training.Sparsification;
using QatKit.Training.Telemetry;
using QatKit.Training.Trainer;
using QatKit.Training.Verification;
using TorchSharp;

namespace QatKit.Training.Runs;

/// <summary>Runs a recipe: fine-tune (or load), prune, calibrate, train with fake-quantize, export, verify.</summary>
/// <param name="progress">Told after every step.</param>
/// <param name="time">Clock of metrics, speed and duration.</param>
public sealed class RecipeRunner(IProgress<TrainingProgress>? progress = null, TimeProvider? time = null)
{
    private const string FineTune = "finetune";

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Runs or resumes a recipe.</summary>
    /// <param name="loaded">The recipe.</param>
    /// <param name="runFolder">Folder for all files of the run; empty or absent, or a run to resume.</param>
    /// <param name="resume">Go on from the last checkpoint in the folder.</param>
    /// <param name="cancellation">Ends the run after the present step, with a checkpoint.</param>
    /// <exception cref="QatKitException">The recipe, data, model or folder is not usable (QK1xxx, QK2xxx, QK3xxx), or
    /// the export failed (QK4xxx). A failed verification gate is not an exception: see <see cref="RunResult.Verification"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; <paramref name="resume"/> goes on from here.</exception>
    public RunResult Run(LoadedRecipe loaded, string runFolder, bool resume = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        RecipeValidator.Check(loaded.Recipe);
        var began = _time.GetTimestamp();
        var recipe = loaded.Recipe;
        var device = TrainingDevice.Select(recipe.Train);
        var inputs = RunInputs.Load(loaded);
        var start = ModelFactory.Create(loaded, inputs);
        using var model = start.Model;
        model.to(device);
        var folder = new RunFolder(runFolder);
        var settings = new TrainerSettings
        {
            Train = recipe.Train, TrainData = inputs.Train, DevData = inputs.Dev, Metric = recipe.Task.Metric,
            CheckpointFolder = folder.Checkpoints,
        };

        // Patterns and steps are checked before hours of training, not after.
        var plan = QuantizationStage.Plan(recipe.Quantization);
        plan.Resolve(model.Architecture);
        var sparseLayers = recipe.Sparsity is { } section ? QuantizationStage.SparsePlan(section).Resolve(model.Architecture) : [];
        var quantizationSteps = settings.StepsPerEpoch * recipe.Quantization.Epochs;
        StageSteps.Check(recipe, quantizationSteps);

        folder.Open(loaded, resume);
        var told = progress is null ? null : new Messages("model", progress);
        told?.Report(start.Origin);
        if (start.ClassesNote is { } note) told?.Report(note);
        var provenance = Provenance.Create(loaded, inputs, device, start.Origin);
        if (resume) folder.CheckSameConditions(provenance);
        AtomicFile.Write(folder.VocabularyPath, stream => stream.Write(inputs.Encoder.Vocabulary.Bytes));
        folder.WriteProvenance(provenance);
        using var sink = new MetricSinks(new JsonLinesSink(folder.MetricsPath, _time), new TensorBoardSink(folder.TensorBoardPath));
        var trainer = new QatTrainer(model, settings, sink, progress, _time);
        var resumedStage = resume ? TrainingCheckpoint.ReadState(folder.Last).Stage : null;

        // Floating point.
        if (resumedStage == QuantizationStage.Name) BertCheckpoint.LoadInto(model, Path.Combine(folder.Fp32, BertCheckpoint.WeightsFile));
        else
        {
            trainer.Run(new Stage(FineTune, recipe.Train.Epochs, recipe.Train.LearningRate, new PlainStage()), resumedStage == FineTune, cancellation);
            BertCheckpoint.Save(model, folder.Fp32, inputs.Labels);
            File.Copy(folder.VocabularyPath, Path.Combine(folder.Fp32, ArtifactFiles.Vocabulary), overwrite: true);
            AtomicFile.Write(Path.Combine(folder.Fp32, TokenizerConfigWriter.FileName), stream => TokenizerConfigWriter.Write(stream, recipe.Model.LowerCase, recipe.Task.MaxLength));
        }

        var fp32 = Evaluator.Logits(model, inputs.Dev, cancellation);

        // Prune, calibrate, train with fake-quantize.
        var prepared = ModuleSurgeon.Prepare(model, plan, sparseLayers.ToHashSet());
        using var masks = recipe.Sparsity is { } sparsity ? new MaskController(model, sparseLayers, QuantizationStage.Schedule(sparsity)) : null;
        var hooks = new QuantizationStage(model, prepared, masks, recipe.Quantization, settings, quantizationSteps, progress);
        var trained = trainer.Run(new Stage(QuantizationStage.Name, recipe.Quantization.Epochs, recipe.Quantization.LearningRate, hooks), resumedStage == QuantizationStage.Name, cancellation);
        prepared.SetPhase(QuantizationPhase.FakeQuant);
        prepared.FreezeRanges();
        FakeQuantCheckpoint.Write(folder, trained, model, hooks);
        var fakeQuant = Evaluator.Logits(model, inputs.Dev, cancellation);

        // Plain data from here on: no torch.
        var graph = Freezer.Freeze(prepared, masks?.Masks);
        var engine = EngineEvaluator.Logits(graph, inputs.Dev);
        var evaluation = new Dictionary<string, double> { ["dev.fp32"] = Metric(fp32), ["dev.fake_quant"] = Metric(fakeQuant), ["dev.engine"] = Metric(engine) };
        folder.WriteEvaluation(evaluation);
        sink.Write(new MetricRecord("result", quantizationSteps, evaluation));
        var artifact = ArtifactWriter.Write(
            graph, Details(recipe, provenance, evaluation), folder.VocabularyPath, Path.Combine(folder.Root, recipe.Export.Output), cancellation);

        // As it is on disk, and on the CPU wherever it was trained: the contract's arithmetic is the CPU's.
        using var finished = FakeQuantCheckpoint.Load(folder.Root);
        var report = Verifier.Run(
            new VerificationRequest(artifact, [.. Enumerable.Range(0, inputs.Dev.Count).Select(i => inputs.Dev.Batch([i]))])
            {
                Labels = inputs.Dev.Labels, Metric = recipe.Task.Metric, FakeQuant = (finished.Model, finished.Prepared), Fp32Logits = fp32,
                ReferenceExamples = recipe.Verify.Examples,
                Gates = new VerificationGates(recipe.Verify.MaxLocalMismatch, recipe.Verify.MinArgmaxAgreement, recipe.Verify.MaxMetricLoss),
            },
            progress is null ? null : new Messages("verify", progress), cancellation);
        Verifier.Write(report, folder.Root);
        return new RunResult(
            folder.Root, artifact.Directory, recipe.Task.Metric, Metric(fp32), Metric(fakeQuant), Metric(engine), prepared.Placement.ToTable(), report,
            inputs.Encoder, inputs.DevTexts.Examples[0].Text, _time.GetElapsedTime(began));

        double Metric(float[] logits) => MetricCalculator.Compute(recipe.Task.Metric, logits, inputs.Outputs, inputs.Dev.Labels);
    }

    private static ArtifactDetails Details(
        Recipe recipe, IReadOnlyDictionary<string, string> provenance, IReadOnlyDictionary<string, double> evaluation) => new()
        {
            Labels = RunExporter.Labels(recipe.Task),
            MaxSequenceLength = recipe.Task.MaxLength,
            LowerCase = recipe.Model.LowerCase,
            Provenance = provenance,
            Evaluation = evaluation,
        };

    // Lines of a stage as messages of the run's own progress.
    private sealed class Messages(string stage, IProgress<TrainingProgress> progress) : IProgress<string>
    {
        public void Report(string value) =>
            progress.Report(new TrainingProgress(stage, 0, 0, double.NaN, double.NaN, double.NaN, TimeSpan.Zero, value));
    }
}

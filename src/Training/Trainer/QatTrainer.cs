using System.Globalization;
using QatKit.Core.Diagnostics;
using QatKit.Training.Bert;
using QatKit.Training.Metrics;
using QatKit.Training.Telemetry;
using static TorchSharp.torch;

namespace QatKit.Training.Trainer;

/// <summary>The training loop: batches, gradients, optimizer, evaluation, checkpoints. Runs one stage at a time.</summary>
/// <remarks>Resuming is exact on a CPU with the same number of threads: a stage that stops after any step and goes on in
/// another process gives the same bits as one that does not stop.</remarks>
public sealed class QatTrainer(
    BertForSequenceClassification model, TrainerSettings settings, IMetricSink sink, IProgress<TrainingProgress>? progress, TimeProvider time)
{
    /// <summary>Name of the checkpoint from which a run goes on.</summary>
    public const string LastCheckpoint = "last.safetensors";

    /// <summary>The checkpoint from which a run goes on.</summary>
    public string LastPath => Path.Combine(settings.CheckpointFolder, LastCheckpoint);

    /// <summary>Trains a stage to its end and leaves the model at its best epoch.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="resume">Go on from the last checkpoint, which belongs to this stage.</param>
    /// <param name="cancellation">Ends training after the present step or evaluation batch, with a checkpoint.</param>
    /// <returns>The state at the end, with the best metric.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; the checkpoint is written.</exception>
    /// <exception cref="QatKitException">QK1141: the loss is not finite.</exception>
    public TrainingState Run(Stage stage, bool resume, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(stage);
        var state = new TrainingState { Stage = stage.Name };
        using var optimizer = new AdamWOptimizer(model.named_parameters(), settings.Train.WeightDecay);
        if (resume) state = Restore(LastPath, stage, optimizer);
        else stage.Hooks.Begin(optimizer.Inner, cancellation);

        var stepsPerEpoch = settings.StepsPerEpoch;
        var total = stepsPerEpoch * stage.Epochs;
        var meter = new StageMeter(stage.Name, state.Step, total, time);
        var batches = new EpochBatches(settings, stage.Name);
        while (true)
        {
            if (state.Step > 0 && state.Step == (state.EpochsEvaluated + 1L) * stepsPerEpoch)
            {
                // First of all: an interruption of the evaluation must not cost the epoch.
                Save(stage, state, optimizer);
                state = EndEpoch(stage, state, cancellation);
                Save(stage, state, optimizer);
            }

            // A stage that is resumed may have stopped early before.
            var stopsEarly = settings.Train.EarlyStopEpochs > 0 && state.EpochsWithoutGain >= settings.Train.EarlyStopEpochs;
            if (stopsEarly || state.Step == total) break;
            if (cancellation.IsCancellationRequested)
            {
                Save(stage, state, optimizer);
                cancellation.ThrowIfCancellationRequested();
            }

            var rate = LearningRate.At(stage.LearningRate, state.Step, total, settings.Train.WarmupRatio);
            var (loss, examples) = TrainStep(stage, state.Step, batches.ForStep(state.Step), rate, optimizer);
            state = state with { Step = state.Step + 1 };
            sink.Write(new MetricRecord(stage.Name, state.Step, new Dictionary<string, double> { ["loss"] = loss, ["learning_rate"] = rate }));
            progress?.Report(meter.Advance(state.Step, examples, loss, rate));
            if (settings.Train.CheckpointSteps > 0 && state.Step % settings.Train.CheckpointSteps == 0) Save(stage, state, optimizer);
        }

        if (File.Exists(BestPath(stage)) && state.BestMetric is not null) Restore(BestPath(stage), stage, optimizer: null);
        return state;
    }

    // One optimizer step over one or more batches; returns the mean loss of their examples.
    private (double Loss, int Examples) TrainStep(Stage stage, long step, IReadOnlyList<int[]> batches, double rate, AdamWOptimizer optimizer)
    {
        stage.Hooks.BeforeStep(step, optimizer.Inner);
        // Dropout is a function of (seed, stage, step): nothing else has to be saved to go on exactly.
        manual_seed((long)(EpochBatches.StageSeed(settings.Train.Seed, stage.Name, (ulong)step) >> 1));
        model.train();
        var examples = batches.Sum(b => b.Length);
        var loss = 0.0;
        using var scope = NewDisposeScope();
        foreach (var indices in batches)
        {
            using TorchSharp.Scalar weight = (float)indices.Length / examples; // Alive until libtorch has read it.
            var share = Loss(model.Run(settings.TrainData.Batch(indices)), indices).mul(weight);
            share.backward();
            loss += share.item<float>();
        }

        if (!double.IsFinite(loss))
            throw new QatKitException("QK1141", stage.Name, $"the loss at step {step} is {loss.ToString(CultureInfo.InvariantCulture)}: training diverged. Lower the stage's learning_rate, or set train.max_grad_norm.");
        stage.Hooks.PrepareGradients();
        if (settings.Train.MaxGradNorm > 0) nn.utils.clip_grad_norm_(optimizer.Parameters, settings.Train.MaxGradNorm);
        optimizer.SetLearningRate(rate);
        stage.Hooks.ApplyStep(optimizer.Inner);
        optimizer.Inner.zero_grad();
        return (loss, examples);
    }

    // Cross entropy over classes, or the mean squared error of a regression.
    private Tensor Loss(Tensor logits, int[] indices)
    {
        var labels = settings.TrainData.Labels;
        return model.Config.Classes > 1
            ? nn.functional.cross_entropy(logits, tensor(indices.Select(i => (long)labels[i]).ToArray(), device: logits.device))
            : nn.functional.mse_loss(logits.squeeze(-1), tensor(indices.Select(i => labels[i]).ToArray(), device: logits.device));
    }

    private TrainingState EndEpoch(Stage stage, TrainingState state, CancellationToken cancellation)
    {
        var logits = Evaluator.Logits(model, settings.DevData, cancellation);
        var metric = MetricCalculator.Compute(settings.Metric, logits, model.Config.Classes, settings.DevData.Labels);
        var epoch = state.EpochsEvaluated + 1;
        sink.Write(new MetricRecord(stage.Name, state.Step, new Dictionary<string, double> { ["epoch"] = epoch, ["dev_metric"] = metric }));
        progress?.Report(new TrainingProgress(
            stage.Name, state.Step, settings.StepsPerEpoch * stage.Epochs, double.NaN, double.NaN, double.NaN, TimeSpan.Zero,
            string.Create(CultureInfo.InvariantCulture, $"epoch {epoch}: dev {settings.Metric.ToString().ToLowerInvariant()} {metric:F4}")));
        state = state with { EpochsEvaluated = epoch };
        if (!stage.Hooks.IsSettled) return state;
        if (metric <= state.BestMetric) return state with { EpochsWithoutGain = state.EpochsWithoutGain + 1 };
        state = state with { BestMetric = metric, EpochsWithoutGain = 0 };
        TrainingCheckpoint.Write(BestPath(stage), state, ModelTensors(stage));
        return state;
    }

    private string BestPath(Stage stage) => Path.Combine(settings.CheckpointFolder, $"{stage.Name}-best.safetensors");

    private void Save(Stage stage, TrainingState state, AdamWOptimizer optimizer)
    {
        using var scope = NewDisposeScope();
        TrainingCheckpoint.Write(LastPath, state, ModelTensors(stage).Concat(optimizer.StateTensors()));
    }

    private IEnumerable<(string, Tensor)> ModelTensors(Stage stage) =>
        model.named_parameters().Select(p => ($"model.{p.name}", (Tensor)p.parameter)).Concat(stage.Hooks.StateTensors());

    private TrainingState Restore(string path, Stage stage, AdamWOptimizer? optimizer)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (state, tensors) = TrainingCheckpoint.Read(path);
        foreach (var (name, parameter) in model.named_parameters()) parameter.copy_(tensors[$"model.{name}"]);
        optimizer?.LoadState(tensors);
        stage.Hooks.LoadState(tensors);
        return state;
    }
}

using QatKit.Quantization;
using QatKit.Quantization.Calibration;
using QatKit.Quantization.Placement;
using QatKit.Quantization.Surgery;
using QatKit.Sparsity;
using QatKit.Training.Bert;
using QatKit.Training.Data;
using QatKit.Training.Recipes;
using QatKit.Training.Sparsification;
using QatKit.Training.Telemetry;
using QatKit.Training.Trainer;
using static TorchSharp.torch;

namespace QatKit.Training.Runs;

// Prune, calibrate, switch fake-quantize on, freeze the ranges: what the quantization stage does around the trainer's steps.
internal sealed class QuantizationStage(
    BertForSequenceClassification model, PreparedModel prepared, MaskController? masks, QuantizationSection quantization,
    TrainerSettings settings, long totalSteps, IProgress<TrainingProgress>? progress) : IStageHooks
{
    public const string Name = "qat";

    private readonly long _freezeStep = StageSteps.FreezeStep(quantization, totalSteps);

    public bool IsSettled => prepared.Phase == QuantizationPhase.FakeQuant && masks is not { Masks.Count: 0 };

    public static QuantizationPlan Plan(QuantizationSection section) => new()
    {
        Targets = section.Targets,
        Ignore = section.Ignore,
        Int8Embeddings = section.Embeddings == EmbeddingStorage.Int8,
        RangeMomentum = (float)section.RangeMomentum,
        Calibrator = section.Calibrator switch
        {
            CalibratorKind.Max => CalibratorSettings.Max,
            CalibratorKind.MovingAverage => CalibratorSettings.MovingAverage(),
            CalibratorKind.Percentile => CalibratorSettings.Percentile(section.Percentile),
            CalibratorKind.Mse => CalibratorSettings.Mse,
            var other => throw new ArgumentOutOfRangeException(nameof(section), other, "Unknown calibrator."),
        },
    };

    public static SparsityPlan SparsePlan(SparsitySection section) => new() { Targets = section.Targets, Ignore = section.Ignore };

    public static MaskSchedule Schedule(SparsitySection section) => section.Schedule == SparsitySchedule.OneShot
        ? MaskSchedule.OneShot(section.StartStep)
        : MaskSchedule.Recompute(section.StartStep, section.EverySteps!.Value, section.UntilStep!.Value);

    public void Begin(optim.Optimizer optimizer, CancellationToken cancellation)
    {
        // Prune first: ranges belong to the pruned model.
        masks?.BeginStep(0, optimizer);
        Calibrate(cancellation);
    }

    public void BeforeStep(long index, optim.Optimizer optimizer)
    {
        if (index > 0) masks?.BeginStep(index, optimizer);
        if (index == quantization.StartStep) prepared.SetPhase(QuantizationPhase.FakeQuant);
        if (index == _freezeStep) prepared.FreezeRanges();
    }

    public void PrepareGradients() => masks?.MaskGradients();

    public void ApplyStep(optim.Optimizer optimizer)
    {
        if (masks is null) optimizer.step();
        else masks.Step(optimizer);
    }

    public IEnumerable<(string Name, Tensor Tensor)> StateTensors() =>
        prepared.StateTensors().Select(s => (s.Key, tensor(s.Value)))
            .Concat(masks?.StateTensors().Select(s => (s.Key, tensor(s.Value))) ?? []);

    public void LoadState(IReadOnlyDictionary<string, Tensor> tensors)
    {
        prepared.LoadState(QuantizerState(tensors));
        masks?.LoadState(SparsityState(tensors));
    }

    public static Dictionary<string, long[]> QuantizerState(IReadOnlyDictionary<string, Tensor> tensors) =>
        Select(tensors, "quantization.", t => t.data<long>().ToArray());

    public static Dictionary<string, byte[]> SparsityState(IReadOnlyDictionary<string, Tensor> tensors) =>
        Select(tensors, "sparsity.", t => t.data<byte>().ToArray());

    private static Dictionary<string, T> Select<T>(IReadOnlyDictionary<string, Tensor> tensors, string prefix, Func<Tensor, T> read) =>
        tensors.Where(t => t.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(t => t.Key, t => read(t.Value));

    private void Calibrate(CancellationToken cancellation)
    {
        var batches = LengthBuckets.ForEpoch(
            settings.TrainData, settings.Train.BatchSize, EpochBatches.StageSeed(settings.Train.Seed, "calibrate", 0), 0)
            .Take(quantization.CalibrationBatches).ToList();
        model.eval(); // dropout would widen the ranges
        prepared.SetPhase(QuantizationPhase.Calibrate);
        using (no_grad())
        {
            for (var i = 0; i < batches.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                model.Run(settings.TrainData.Batch(batches[i]));
                progress?.Report(new TrainingProgress("calibrate", i + 1, batches.Count, double.NaN, double.NaN, double.NaN, TimeSpan.Zero));
            }
        }

        prepared.FinishCalibration();
    }
}

using QatKit.Quantization.Placement;
using QatKit.Quantization.Surgery;
using QatKit.Sparsity;
using QatKit.TestKit;
using QatKit.Training.Recipes;
using QatKit.Training.Runs;
using QatKit.Training.Sparsification;
using QatKit.Training.Trainer;
using TorchSharp;

namespace QatKit.Training.Tests.Trainer;

[Collection(TorchRandomCollection.Name)]
public sealed class TrainerStepTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Accumulated_batches_of_unequal_sizes_give_the_gradient_of_one_large_batch()
    {
        // One step over the same 32 examples: as one batch, or as 12 + 12 + 8.
        static Dictionary<string, float[]> Gradients(params string[] overrides)
        {
            using var rig = new TrainerRig(["task.train_limit=32", "train.epochs=1", "train.max_grad_norm=0", .. overrides]);
            Dictionary<string, float[]> gradients = [];
            rig.Run(new TrainerRig.Watch(new PlainStage()) { Clipped = () => gradients = rig.Gradients() }, Cancellation);
            return gradients;
        }

        var whole = Gradients("train.batch_size=32");
        var parts = Gradients("train.batch_size=12", "train.gradient_accumulation=3");
        Assert.True(whole["classifier.weight"].Max(MathF.Abs) > 0.01f);
        Assert.Equal(whole.Keys.Order(), parts.Keys.Order());
        foreach (var (name, gradient) in whole) TensorAssert.Close(gradient, parts[name], 1e-6, context: name);
    }

    [Fact]
    public void The_best_epoch_is_kept_even_if_it_is_not_the_last()
    {
        using var rig = new TrainerRig("task.dev_limit=15", "train.epochs=3");
        var ones = rig.Settings.DevData.Labels.Count(l => l == 1);
        float[] majority = ones > 7 ? [0, 1] : [1, 0], minority = [majority[1], majority[0]];
        var step = 0;
        // The first epoch ends with the better answer for everything, the others with the worse one.
        var hooks = new TrainerRig.Watch(new Still())
        {
            Clipped = () =>
            {
                using var noGrad = torch.no_grad();
                rig.Model.get_parameter("classifier.weight")!.zero_();
                rig.Model.get_parameter("classifier.bias")!.copy_(torch.tensor(step++ < rig.Settings.StepsPerEpoch ? majority : minority));
            },
        };
        var state = rig.Run(hooks, Cancellation);
        Assert.Equal(3 * rig.Settings.StepsPerEpoch, step);
        Assert.Equal(Math.Max(ones, 15 - ones) / 15.0, state.BestMetric!.Value, 12);
        Assert.Equal((3, 2), (state.EpochsEvaluated, state.EpochsWithoutGain));
        Assert.Equal(majority, rig.Model.get_parameter("classifier.bias")!.data<float>().ToArray());
    }

    [Fact]
    public void Gradients_are_clipped_to_the_norm_after_the_stage_has_prepared_them()
    {
        using var rig = new TrainerRig("train.max_grad_norm=0.001", "train.epochs=1", "task.train_limit=48");
        List<double> before = [], after = [];
        var hooks = new TrainerRig.Watch(new PlainStage())
        {
            Prepared = () =>
            {
                using var noGrad = torch.no_grad();
                rig.Model.get_parameter("classifier.weight")!.grad!.zero_();
                before.Add(rig.GradientNorm());
            },
            Clipped = () => after.Add(rig.GradientNorm()),
        };
        rig.Run(hooks, Cancellation);
        Assert.Equal((3, 3), (before.Count, after.Count));
        Assert.All(before, n => Assert.True(n > 0.002, $"the norm is {n} already"));
        Assert.All(after, n => Assert.Equal(0.001, n, 2e-6));
    }

    [Fact]
    public void Gradients_of_pruned_weights_do_not_count_in_the_norm()
    {
        using var rig = new TrainerRig("train.max_grad_norm=0.01", "train.epochs=1", "task.train_limit=48");
        var layers = new SparsityPlan { Targets = ["bert.encoder.*"] }.Resolve(rig.Model.Architecture);
        var prepared = ModuleSurgeon.Prepare(rig.Model, new QuantizationPlan());
        using var masks = new MaskController(rig.Model, layers, MaskSchedule.OneShot(0));
        var stage = new QuantizationStage(rig.Model, prepared, masks, new QuantizationSection { CalibrationBatches = 1 }, rig.Settings, 3, progress: null);
        var steps = 0;
        var hooks = new TrainerRig.Watch(stage)
        {
            Clipped = () =>
            {
                steps++;
                Assert.Equal(0.01, rig.GradientNorm(), 1e-6);
                foreach (var (layer, mask) in masks.Masks)
                {
                    var gradient = rig.Model.get_parameter(layer + ".weight")!.grad!.data<float>().ToArray();
                    Assert.DoesNotContain(Enumerable.Range(0, gradient.Length), i => gradient[i] != 0 && !mask.IsKept(i / mask.In, i % mask.In));
                }
            },
        };
        rig.Run(hooks, Cancellation);
        Assert.Equal((3, 6), (steps, masks.Masks.Count));
    }

    [Fact]
    public void An_epoch_is_saved_before_an_evaluation_that_is_interrupted()
    {
        using var rig = new TrainerRig("train.epochs=2");
        using var stop = new CancellationTokenSource();
        var step = 0;
        var hooks = new TrainerRig.Watch(new PlainStage())
        {
            Clipped = () =>
            {
                if (++step == rig.Settings.StepsPerEpoch) stop.Cancel();
            },
        };
        Assert.Throws<OperationCanceledException>(() => rig.Run(hooks, stop.Token));
        var state = TrainingCheckpoint.ReadState(rig.Trainer.LastPath);
        Assert.Equal((rig.Settings.StepsPerEpoch, 0), (state.Step, state.EpochsEvaluated));
        // What goes on from there evaluates the epoch first.
        state = rig.Trainer.Run(new Stage("test", 1, 1e-3, new PlainStage()), resume: true, Cancellation);
        Assert.Equal((rig.Settings.StepsPerEpoch, 1), (state.Step, state.EpochsEvaluated));
    }

    // Leaves the parameters alone.
    private sealed class Still : IStageHooks
    {
        public bool IsSettled => true;

        public void Begin(torch.optim.Optimizer optimizer, CancellationToken cancellation) { }

        public void BeforeStep(long index, torch.optim.Optimizer optimizer) { }

        public void PrepareGradients() { }

        public void ApplyStep(torch.optim.Optimizer optimizer) { }

        public IEnumerable<(string Name, torch.Tensor Tensor)> StateTensors() => [];

        public void LoadState(IReadOnlyDictionary<string, torch.Tensor> tensors) { }
    }
}

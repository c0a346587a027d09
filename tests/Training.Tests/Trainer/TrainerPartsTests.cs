using QatKit.Core.Diagnostics;
using QatKit.TestKit;
using QatKit.Training.Bert;
using QatKit.Training.Recipes;
using QatKit.Training.Runs;
using QatKit.Training.Telemetry;
using QatKit.Training.Trainer;
using TorchSharp;
using TorchSharp.Modules;

namespace QatKit.Training.Tests.Trainer;

[Collection(TorchRandomCollection.Name)]
public sealed class TrainerPartsTests
{
    [Fact]
    public void Learning_rate_warms_up_and_decays_linearly()
    {
        var rates = Enumerable.Range(0, 10).Select(s => LearningRate.At(1, s, 10, 0.2)).ToArray();
        Assert.Equal([0.5, 1, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125], rates);
        Assert.Equal([1.0, 0.5], Enumerable.Range(0, 2).Select(s => LearningRate.At(1, s, 2, 0)));
        Assert.Equal([0.5, 1.0], Enumerable.Range(0, 2).Select(s => LearningRate.At(1, s, 2, 1)));
    }

    [Fact]
    public void Weight_decay_spares_biases_and_layer_norms()
    {
        using var scope = torch.NewDisposeScope();
        Parameter One() => new(torch.ones(2));
        (string Name, Parameter Parameter)[] parameters = [("a.weight", One()), ("a.bias", One()), ("b.LayerNorm.weight", One())];
        using var optimizer = new AdamWOptimizer(parameters, weightDecay: 0.1);
        foreach (var (_, parameter) in parameters) parameter.grad = torch.zeros(2);
        optimizer.SetLearningRate(0.5);
        optimizer.Inner.step();
        Assert.Equal(0.95f, parameters[0].Parameter[0].item<float>());
        Assert.Equal(1f, parameters[1].Parameter[0].item<float>());
        Assert.Equal(1f, parameters[2].Parameter[0].item<float>());
    }

    [Fact]
    public void Optimizer_state_goes_to_the_parameter_of_the_same_name()
    {
        using var scope = torch.NewDisposeScope();
        (string Name, Parameter Parameter)[] parameters = [("b.weight", new(torch.ones(2))), ("a.bias", new(torch.ones(3))), ("c.weight", new(torch.ones(4)))];
        using var optimizer = new AdamWOptimizer(parameters, 0.1);
        foreach (var (name, parameter) in parameters) parameter.grad = torch.full_like(parameter, name[0]);
        optimizer.Inner.step();
        var state = optimizer.StateTensors().ToDictionary(s => s.Name, s => s.Tensor);
        foreach (var (name, parameter) in parameters)
        {
            Assert.Equal(parameter.shape, state[$"optimizer.{name}.first"].shape);
            Assert.Equal(name[0] * 0.1f, state[$"optimizer.{name}.first"][0].item<float>(), 1e-5f);
            Assert.Equal(1, state[$"optimizer.{name}.step"].item<long>());
        }
    }

    [Fact]
    public void Training_leaves_no_tensors_behind()
    {
        using var folder = new TempFolder();
        var counts = new List<long>();
        var counter = new Counter(p =>
        {
            if (p.Stage == "qat" && p.Message is null) counts.Add(torch.Tensor.TotalCount);
        });
        new RecipeRunner(counter).Run(TinyRecipe.Load("train.epochs=0", "quantization.epochs=6"), folder.Combine("run"), cancellation: TestContext.Current.CancellationToken);
        // 60 steps: fake-quantize starts at 3, ranges freeze at 31. The count never grows after the first steps, and ends constant
        // (a one-time drop is the garbage collector finding wrappers of the start).
        Assert.True(counts[5..].Max() <= counts[5], string.Join(' ', counts));
        Assert.Single(counts[40..].Distinct());
    }

    [Fact]
    public void Diverging_training_is_told()
    {
        using var folder = new TempFolder();
        using (var model = new BertForSequenceClassification(new BertConfig { HiddenSize = 32, Layers = 1, Heads = 2, IntermediateSize = 64, VocabSize = 300, MaxPositions = 32 }, 1))
        {
            using (torch.no_grad())
            {
                model.get_parameter("bert.pooler.dense.bias")!.fill_(100); // tanh gives 1 everywhere
                model.get_parameter("classifier.weight")!.fill_(float.MaxValue);
            }

            BertCheckpoint.Save(model, folder.Combine("model"));
        }

        var e = Assert.Throws<QatKitException>(() => new RecipeRunner().Run(
            TinyRecipe.Load("model.architecture=null", $"model.path={folder.Combine("model")}"), folder.Combine("run"), cancellation: TestContext.Current.CancellationToken));
        Assert.Equal("QK1141 finetune: the loss at step 0 is NaN: training diverged. Lower the stage's learning_rate, or set train.max_grad_norm.", e.Message);
    }

    [Fact]
    public void Steps_that_never_come_are_told_before_training()
    {
        using var folder = new TempFolder();
        var e = Assert.Throws<QatKitException>(() => new RecipeRunner().Run(
            TinyRecipe.Load("quantization.start_step=20", "sparsity.start_step=99"), folder.Combine("run"), cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(
            """
            2 problems:
            QK1142 quantization.start_step: quantization.start_step = 20 is never reached: the quantization stage has 20 steps. Lower it, or raise quantization.epochs.
            QK1142 sparsity.start_step: sparsity.start_step = 99 is never reached: the quantization stage has 20 steps. Lower it, or raise quantization.epochs.
            """, e.Message);
        Assert.False(Directory.Exists(folder.Combine("run")));
    }

    [Fact]
    public void Pruning_after_the_ranges_are_fixed_and_masks_that_never_settle_are_told()
    {
        using var folder = new TempFolder();
        var e = Assert.Throws<QatKitException>(() => new RecipeRunner().Run(
            TinyRecipe.Load("sparsity={ pattern: \"2:4\", schedule: recompute, start_step: 11, every_steps: 4, until_step: 20 }"), folder.Combine("run"), cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(
            """
            2 problems:
            QK1142 sparsity.until_step: sparsity.until_step = 20 is never reached: the quantization stage has 20 steps. Lower it, or raise quantization.epochs.
            QK1143 sparsity.start_step: sparsity.start_step = 11 does not lie before step 11, from which activation ranges are fixed: they would be those of the dense model. Lower it, or raise quantization.freeze_step.
            """, e.Message);
    }

    [Theory]
    [InlineData(0, null, 50)]
    [InlineData(60, null, 80)] // never before ranges are in use
    [InlineData(60, 70, 70)]
    public void Ranges_are_fixed_half_way_from_the_start_of_fake_quantize_to_the_end(int start, int? freeze, long expected) =>
        Assert.Equal(expected, StageSteps.FreezeStep(new QuantizationSection { StartStep = start, FreezeStep = freeze }, 100));

    private sealed class Counter(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}

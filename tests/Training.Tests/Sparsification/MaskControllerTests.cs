using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Sparsity;
using QatKit.TestKit;
using QatKit.Training.Bert;
using QatKit.Training.Sparsification;
using QatKit.Training.Tests.Bert;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace QatKit.Training.Tests.Sparsification;

public sealed class MaskControllerTests
{
    [Fact]
    public void Plan_that_prunes_nothing_is_refused()
    {
        var architecture = TinyBert.Config().ToArchitecture();
        var e = Assert.Throws<QatKitException>(() => new SparsityPlan { Targets = ["classifier"] }.Resolve(architecture));
        Assert.Equal("QK3005 sparsity: targets without ignore leaves no layer that may be pruned. Choose layers of the encoder or the pooler, or remove the section.", e.Message);
        e = Assert.Throws<QatKitException>(() => new SparsityPlan().Resolve(architecture with { Hidden = 36, Intermediate = 36 }));
        Assert.Equal("QK3005 sparsity: no chosen layer can be pruned: 'bert.encoder.layer.0.attention.self.query' has a shape of which out = 36 is not a multiple of 8. Use other sizes, or remove the section.", e.Message);
    }

    [Theory]
    [InlineData("AdamW")]
    [InlineData("SGD")]
    public void Masked_weights_are_exactly_zero_after_every_step(string kind)
    {
        using var scope = NewDisposeScope();
        using var model = new BertForSequenceClassification(TinyBert.Config(0.1), seed: 1);
        using var optimizer = Optimizer(kind, model);
        using var masks = new MaskController(model, new SparsityPlan().Resolve(model.Architecture), MaskSchedule.OneShot(3));
        for (var step = 0; step < 8; step++)
        {
            Assert.Equal(step == 3, masks.BeginStep(step, optimizer));
            TrainStep(model, optimizer, step);
            masks.MaskGradients();
            masks.Step(optimizer);
            Assert.Equal(step >= 3, masks.Masks.Count == 13);
            foreach (var (layer, mask) in masks.Masks) AssertMasked(model, layer, mask);
        }
    }

    [Theory]
    [InlineData("AdamW")]
    [InlineData("SGD")]
    public void Gradients_and_momentum_of_masked_weights_are_zero_and_those_of_kept_weights_are_left_alone(string kind)
    {
        using var scope = NewDisposeScope();
        using var model = new BertForSequenceClassification(TinyBert.Config(), seed: 1);
        using var optimizer = Optimizer(kind, model);
        using var masks = new MaskController(model, [ModuleNames.Query(0)], MaskSchedule.OneShot(1));
        var weight = model.get_parameter(ModuleNames.Query(0) + ".weight")!;
        TrainStep(model, optimizer, 0);
        masks.Step(optimizer); // fills the momentum, without masks

        var before = Momenta(optimizer, weight);
        masks.BeginStep(1, optimizer);
        var mask = masks.Masks[ModuleNames.Query(0)];
        Assert.All(Momenta(optimizer, weight).Zip(before), m => Compare(m.Second, m.First));

        TrainStep(model, optimizer, 1);
        var gradient = weight.grad!.data<float>().ToArray();
        masks.MaskGradients();
        Compare(gradient, weight.grad!.data<float>().ToArray());
        masks.Step(optimizer);
        Assert.All(Momenta(optimizer, weight), m => Compare(m, m));

        void Compare(float[] dense, float[] masked)
        {
            Assert.Contains(Enumerable.Range(0, dense.Length), i => dense[i] != 0);
            for (var i = 0; i < dense.Length; i++)
                Assert.Equal(mask.IsKept(i / mask.In, i % mask.In) ? dense[i] : 0, masked[i]);
        }
    }

    [Fact]
    public void A_recomputed_mask_takes_back_a_pruned_weight_whose_neighbour_shrank()
    {
        using var scope = NewDisposeScope();
        using var model = new BertForSequenceClassification(TinyBert.Config(), seed: 1);
        using var optimizer = Optimizer("AdamW", model);
        using var masks = new MaskController(model, [ModuleNames.Query(0)], MaskSchedule.Recompute(0, 1, 1));
        var weight = model.get_parameter(ModuleNames.Query(0) + ".weight")!;
        using (no_grad()) weight[0, ..4].copy_(tensor(new[] { 0.4f, -0.3f, 0.2f, 0.1f }));
        masks.BeginStep(0, optimizer);
        Assert.Equal([0.4f, -0.3f, 0f, 0f], weight[0, ..4].data<float>().ToArray());
        using (no_grad()) weight[0, 1] = 0.15f;
        masks.BeginStep(1, optimizer);
        Assert.Equal([0.4f, 0f, 0.2f, 0f], weight[0, ..4].data<float>().ToArray());
    }

    [Fact]
    public void A_resumed_run_continues_with_the_same_masks()
    {
        using var scope = NewDisposeScope();
        var runs = new List<float[]>();
        IReadOnlyDictionary<string, byte[]>? state = null;
        foreach (var resume in new[] { false, true })
        {
            using var model = new BertForSequenceClassification(TinyBert.Config(), seed: 1);
            using var optimizer = Optimizer("SGD", model);
            var layers = new SparsityPlan { Ignore = ["bert.pooler.dense"] }.Resolve(model.Architecture);
            using var first = new MaskController(model, layers, MaskSchedule.Recompute(0, 2, 6));
            using var second = new MaskController(model, layers, MaskSchedule.Recompute(0, 2, 6));
            for (var step = 0; step < 6; step++)
            {
                var masks = resume && step >= 3 ? second : first;
                if (resume && step == 3) second.LoadState(first.StateTensors());
                masks.BeginStep(step, optimizer);
                TrainStep(model, optimizer, step);
                masks.MaskGradients();
                masks.Step(optimizer);
                if (step == 5) state = masks.StateTensors();
            }

            runs.Add(model.get_parameter(ModuleNames.Output(1) + ".weight")!.data<float>().ToArray());
        }

        TensorAssert.BitEqual(runs[0], runs[1]);
        Assert.Equal(24, state!.Count); // 12 layers, masks and waiting values
    }

    [Fact]
    public void A_state_of_other_layers_is_refused_with_every_difference()
    {
        using var scope = NewDisposeScope();
        using var model = new BertForSequenceClassification(TinyBert.Config(), seed: 1);
        using var masks = new MaskController(model, [ModuleNames.Pooler], MaskSchedule.OneShot(0));
        var e = Assert.Throws<QatKitException>(() => masks.LoadState(new Dictionary<string, byte[]> { ["sparsity.mask.classifier"] = new byte[4] }));
        Assert.Equal(
            [
                "QK2014 sparsity.mask.classifier: not a part of this model's sparsity. Resume with the model and plan that wrote it.",
                "QK2014 sparsity.mask.bert.pooler.dense: missing from the saved state. Resume with the model and plan that wrote it.",
            ],
            e.Diagnostics.Select(d => d.ToString()));
    }

    private static optim.Optimizer Optimizer(string kind, BertForSequenceClassification model) => kind == "AdamW"
        ? optim.AdamW(model.parameters(), lr: 1e-2, weight_decay: 0.1)
        : optim.SGD(model.parameters(), learningRate: 1e-2, momentum: 0.9, weight_decay: 0.1);

    private static List<float[]> Momenta(optim.Optimizer optimizer, Tensor weight)
    {
        var index = optimizer.parameters().ToList().FindIndex(p => p.Handle == weight.Handle);
        Tensor[] momenta = ((OptimizerHelper)optimizer).state_dict().State[index] switch
        {
            AdamW.State s => [s.exp_avg, s.exp_avg_sq],
            SGD.State s => [s.momentum_buffer!],
            var other => throw new NotSupportedException(other.GetType().Name),
        };
        return [.. momenta.Select(m => m.data<float>().ToArray())];
    }

    private static void TrainStep(BertForSequenceClassification model, optim.Optimizer optimizer, int seed)
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        model.Run(TinyBert.Batch(model.Config, seed, 7, 12)).square().mean().backward();
    }

    private static void AssertMasked(BertForSequenceClassification model, string layer, WeightMask mask)
    {
        var values = model.get_parameter(layer + ".weight")!.data<float>().ToArray();
        for (var i = 0; i < values.Length; i++)
            if (!mask.IsKept(i / mask.In, i % mask.In) && BitConverter.SingleToUInt32Bits(values[i]) << 1 != 0)
                Assert.Fail($"{layer}[{i}] = {values[i]}");
    }
}

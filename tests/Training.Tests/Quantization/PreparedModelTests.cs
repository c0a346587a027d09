using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Quantization;
using QatKit.Quantization.Calibration;
using QatKit.Quantization.Freezing;
using QatKit.Quantization.Modules;
using QatKit.Quantization.Placement;
using QatKit.Quantization.Surgery;
using QatKit.TestKit;
using QatKit.Testing.Traces;
using QatKit.Training.Bert;
using QatKit.Training.Tests.Bert;
using static TorchSharp.torch;

namespace QatKit.Training.Tests.Quantization;

// Dropout draws from the generator of the whole process.
[Collection(nameof(TrainingRunTests))]
public sealed class PreparedModelTests
{
    [Fact]
    public void Switched_off_the_prepared_model_is_the_float_model_in_training_and_evaluation()
    {
        using var scope = NewDisposeScope();
        var config = TinyBert.Config(dropout: 0.2);
        using var model = new BertForSequenceClassification(config, seed: 1);
        var names = model.named_parameters().Select(p => p.name).Order().ToArray();
        float[][] Results()
        {
            manual_seed(7);
            model.eval();
            var evaluated = model.Run(TinyBert.Batch(config, 1, 5, 16)).data<float>().ToArray();
            model.train();
            model.zero_grad();
            var logits = model.Run(TinyBert.Batch(config, 1, 5, 16));
            logits.sum().backward();
            return [evaluated, logits.data<float>().ToArray(), model.get_parameter(ModuleNames.Key(0) + ".weight")!.grad!.data<float>().ToArray()];
        }

        var before = Results();
        var prepared = ModuleSurgeon.Prepare(model, new QuantizationPlan { Int8Embeddings = true });
        Assert.Equal(QuantizationPhase.Off, prepared.Phase);
        Assert.Equal(names, model.named_parameters().Select(p => p.name).Order());
        var after = Results();
        for (var i = 0; i < before.Length; i++) TensorAssert.BitEqual(before[i], after[i], context: $"result {i}");
    }

    [Fact]
    public void An_optimizer_made_before_surgery_trains_the_prepared_model()
    {
        using var scope = NewDisposeScope();
        using var model = new BertForSequenceClassification(TinyBert.Config(), seed: 1);
        var before = model.parameters().Select(p => p.Handle).Order().ToArray();
        ModuleSurgeon.Prepare(model, new QuantizationPlan());
        Assert.Equal(before, model.parameters().Select(p => p.Handle).Order());
    }

    [Fact]
    public void Phases_out_of_order_are_refused()
    {
        using var scope = NewDisposeScope();
        using var model = new BertForSequenceClassification(TinyBert.Config(), seed: 1);
        var prepared = ModuleSurgeon.Prepare(model, new QuantizationPlan());
        model.train();
        Assert.Equal("Calibration needs evaluation mode: call eval() on the model first.",
            Assert.Throws<InvalidOperationException>(() => prepared.SetPhase(QuantizationPhase.Calibrate)).Message);
        Assert.Equal("Ranges are not known yet: calibrate and call FinishCalibration first.",
            Assert.Throws<InvalidOperationException>(() => prepared.SetPhase(QuantizationPhase.FakeQuant)).Message);
        Assert.Equal("Ranges are not known yet: calibrate and call FinishCalibration first.",
            Assert.Throws<InvalidOperationException>(() => Freezer.Freeze(prepared)).Message);
        Assert.Equal("The model is prepared already.",
            Assert.Throws<InvalidOperationException>(() => ModuleSurgeon.Prepare(model, new QuantizationPlan())).Message);
        model.eval();
        prepared.SetPhase(QuantizationPhase.Calibrate);
        model.train();
        Assert.Equal("Calibration needs evaluation mode: call eval() on the model first.",
            Assert.Throws<InvalidOperationException>(() => model.Run(TinyBert.Batch(model.Config, 1, 3))).Message);
    }

    [Fact]
    public void Every_range_without_use_is_reported_by_name()
    {
        using var scope = NewDisposeScope();
        using var model = new BertForSequenceClassification(TinyBert.Config(), seed: 1);
        using (no_grad())
        {
            model.get_parameter(ModuleNames.Value(1) + ".weight")!.zero_();
            model.get_parameter(ModuleNames.Pooler + ".bias")!.fill_(float.NaN);
        }

        var prepared = ModuleSurgeon.Prepare(model, new QuantizationPlan());
        model.eval();
        prepared.SetPhase(QuantizationPhase.Calibrate);
        using (no_grad()) model.Run(TinyBert.Batch(model.Config, 1, 3, 9));
        var e = Assert.Throws<QatKitException>(prepared.FinishCalibration);
        const string Zeros = "only zeros (or nothing) came in during calibration. Calibrate on data that reaches it, or check for a dead layer.";
        Assert.Equal(
            [
                $"QK2012 bert.encoder.layer.1.attention.output.dense.input: {Zeros}",
                $"QK2012 bert.encoder.layer.1.attention.self.value.output: {Zeros}",
                "QK2012 classifier.input: NaN or infinity came in during calibration. The model or its data is broken: check the checkpoint.",
            ],
            e.Diagnostics.Select(d => d.ToString()).Order());
        Assert.False(prepared.IsCalibrated);
    }

    [Fact]
    public void Ranges_follow_the_batches_in_training_until_they_are_frozen()
    {
        using var scope = NewDisposeScope();
        var (model, prepared) = PreparedBert.Calibrated(TinyBert.Config(), 1);
        using var disposed = model;
        float[] Ranges() => [.. prepared.Ranges.Select(r => r.Amax)];
        void Forward(int seed) => model.Run(TinyBert.Batch(model.Config, seed, 5, 9));

        var calibrated = Ranges();
        Forward(1);
        Assert.Equal(calibrated, Ranges()); // evaluation mode
        model.train();
        Forward(2);
        var followed = Ranges();
        Assert.All(prepared.Ranges.Zip(calibrated), p => Assert.True(p.First.Calibrator is MaxCalibrator ? p.First.Amax >= p.Second : p.First.Amax != p.Second, p.First.Name));
        prepared.FreezeRanges();
        Forward(3);
        Assert.Equal(followed, Ranges());
    }

    [Fact]
    public void A_maximum_over_all_batches_only_grows()
    {
        using var scope = NewDisposeScope();
        var (model, prepared) = PreparedBert.Calibrated(TinyBert.Config(), 1, new QuantizationPlan { Ignore = ["*.layer.1.*"] });
        using var disposed = model;
        var maxima = prepared.Ranges.Where(r => r.Calibrator is MaxCalibrator).ToArray();
        Assert.True(maxima.Length > 4);
        var first = maxima.Select(r => r.Amax).ToArray();
        model.train();
        for (var batch = 2; batch < 8; batch++)
        {
            var before = maxima.Select(r => r.Amax).ToArray();
            model.Run(TinyBert.Batch(model.Config, batch, 5, 9));
            Assert.All(maxima.Zip(before), p => Assert.True(p.First.Amax >= p.Second, p.First.ToString()));
        }

        Assert.Contains(maxima.Zip(first), p => p.First.Amax > p.Second);
    }

    public static TheoryData<string, CalibratorSettings, string[]> Rules => new()
    {
        { "max", CalibratorSettings.Max, [] },
        { "moving average", CalibratorSettings.MovingAverage(), [] },
        { "percentile", CalibratorSettings.Percentile(90), [] },
        { "mse", CalibratorSettings.Mse, [] },
        { "mixed widths", CalibratorSettings.Percentile(90), ["*.layer.0.attention.self.query"] }, // one range, followed once
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_range_follows_the_calibrators_own_rule_on_each_batch(string name, CalibratorSettings calibrator, string[] ignore)
    {
        using var scope = NewDisposeScope();
        var plan = new QuantizationPlan { Calibrator = calibrator, Ignore = ignore, RangeMomentum = 0.25f };
        var (model, prepared) = PreparedBert.Calibrated(TinyBert.Config(), 1, plan);
        using var disposed = model;
        var range = prepared.Ranges.Single(r => r.Name == ModuleNames.Context(0) + ".input");
        var trace = new RecordingTrace();
        prepared.Trace = trace;
        var before = range.Amax;
        model.train();
        model.Run(TinyBert.Batch(model.Config, 2, 5, 9));

        // What queries, keys and values read is the output of the embeddings' LayerNorm.
        var rule = calibrator.Create();
        rule.Collect(trace.Find(ModuleNames.EmbeddingLayerNorm, TensorKind.Float32)!.Values);
        var batch = rule.ComputeAmax();
        Assert.True(Math.Abs(batch - before) > 1e-3f * before, $"{name}: the batch says nothing new");
        Assert.Equal(name == "max" ? MathF.Max(before, batch) : before + 0.25f * (batch - before), range.Amax);
        Assert.Equal(calibrator.Create().SaveState(), range.Calibrator.SaveState());
    }

    [Fact]
    public void Without_momentum_the_calibrated_ranges_stay()
    {
        using var scope = NewDisposeScope();
        var (model, prepared) = PreparedBert.Calibrated(TinyBert.Config(), 1, new QuantizationPlan { RangeMomentum = 0 });
        using var disposed = model;
        var calibrated = prepared.Ranges.Select(r => r.Amax).ToArray();
        model.train();
        model.Run(TinyBert.Batch(model.Config, 2, 5, 9));
        Assert.Equal(calibrated, prepared.Ranges.Select(r => r.Amax));
    }

    [Fact]
    public void What_only_int16_layers_read_is_not_clipped()
    {
        using var scope = NewDisposeScope();
        using var model = new BertForSequenceClassification(TinyBert.Config(), seed: 1);
        var prepared = ModuleSurgeon.Prepare(model, new QuantizationPlan { Calibrator = CalibratorSettings.Mse, Ignore = ["*.layer.0.intermediate.dense", "*.layer.1.attention.self.*", "*.layer.0.attention.self.key"] });
        Assert.Equal(
            ["bert.encoder.layer.0.intermediate.dense.input", "bert.encoder.layer.1.attention.self.input", "classifier.input"],
            prepared.Ranges.Where(r => r.Calibrator is MaxCalibrator && !r.Name.Contains("LayerNorm", StringComparison.Ordinal)).Select(r => r.Name).Order());
    }

    [Fact]
    public void State_resumes_bit_for_bit_also_in_the_middle_of_calibration()
    {
        using var scope = NewDisposeScope();
        var config = TinyBert.Config();
        using var a = new BertForSequenceClassification(config, seed: 1);
        using var b = new BertForSequenceClassification(config, seed: 1);
        var (first, second) = (ModuleSurgeon.Prepare(a, new QuantizationPlan()), ModuleSurgeon.Prepare(b, new QuantizationPlan()));
        a.eval();
        b.eval();
        first.SetPhase(QuantizationPhase.Calibrate);
        using var noGrad = no_grad();
        a.Run(TinyBert.Batch(config, 1, 5, 9));
        second.LoadState(first.StateTensors());
        foreach (var (model, prepared) in new[] { (a, first), (b, second) })
        {
            model.Run(TinyBert.Batch(config, 2, 5, 9));
            prepared.FinishCalibration();
            prepared.SetPhase(QuantizationPhase.FakeQuant);
            model.train();
            model.Run(TinyBert.Batch(config, 3, 5, 9));
            prepared.FreezeRanges();
        }

        Assert.Equal(first.StateTensors().Keys, second.StateTensors().Keys);
        Assert.All(first.StateTensors(), s => Assert.Equal(s.Value, second.StateTensors()[s.Key]));
    }

    [Fact]
    public void A_state_of_another_plan_is_refused()
    {
        using var scope = NewDisposeScope();
        using var model = new BertForSequenceClassification(TinyBert.Config() with { Layers = 1 }, seed: 1);
        var prepared = ModuleSurgeon.Prepare(model, new QuantizationPlan { Calibrator = CalibratorSettings.Max });
        var state = prepared.StateTensors().ToDictionary();
        state.Remove("quantization.classifier.input");
        state["quantization.bert.pooler.dense.input"] = [1, 2, 3];
        state["quantization.other"] = [1];
        var e = Assert.Throws<QatKitException>(() => prepared.LoadState(state));
        Assert.Equal(
            [
                "QK2013 quantization.bert.pooler.dense.input: 3 numbers in the saved state, expected 2. Resume with the model and plan that wrote it.",
                "QK2013 quantization.classifier.input: missing from the saved state. Resume with the model and plan that wrote it.",
                "QK2013 quantization.other: not a part of this model's state. Resume with the model and plan that wrote it.",
            ],
            e.Diagnostics.Select(d => d.ToString()).Order());
    }

    [Fact]
    public void Modules_say_what_they_are()
    {
        using var scope = NewDisposeScope();
        using var model = new BertForSequenceClassification(TinyBert.Config(), seed: 1);
        ModuleSurgeon.Prepare(model, new QuantizationPlan());
        var linear = model.modules().OfType<FakeQuantLinear>().First(l => l.Path == ModuleNames.Pooler);
        Assert.Equal("FakeQuantLinear(bert.pooler.dense, [32, 32], Int8, bert.pooler.dense.input: amax 0)", linear.ToString());
    }
}

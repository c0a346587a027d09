using System.Text.Json;
using QatKit.Core.Diagnostics;
using QatKit.Quantization;
using QatKit.TestKit;
using QatKit.Training.Recipes;
using QatKit.Training.Runs;
using QatKit.Training.Telemetry;
using QatKit.Training.Trainer;
using QatKit.Training.Verification;
using TorchSharp;

namespace QatKit.Training.Tests.Trainer;

[Collection(TorchRandomCollection.Name)]
public sealed class QatTrainerTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Early_stop_ends_a_stage()
    {
        // With a learning rate of practically 0 no epoch is better than the first.
        var (result, records) = Run("train.epochs=9", "train.early_stop_epochs=2", "train.learning_rate=1e-12", "quantization.epochs=0", "quantization.start_step=0", "sparsity=null");
        Assert.Equal(3, records.Count(r => r.Stage == "finetune" && r.Values.ContainsKey("dev_metric")));
        Assert.True(result.Verification.BitEqual);
    }

    [Fact]
    public void Steps_epochs_and_rates_are_reported_as_the_recipe_says()
    {
        var (_, records) = Run("train.gradient_accumulation=3", "train.epochs=1", "train.learning_rate=1e-3", "train.warmup_ratio=0", "quantization.epochs=1");
        // 160 examples in batches of 16, three batches per step: 4 steps, the last one short.
        var steps = records.Where(r => r.Stage == "finetune" && r.Values.ContainsKey("loss")).ToList();
        Assert.Equal([1, 2, 3, 4], steps.Select(s => s.Step));
        Assert.Equal([1e-3, 7.5e-4, 5e-4, 2.5e-4], steps.Select(s => s.Values["learning_rate"]), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void Finished_run_gives_its_fake_quantized_model_back()
    {
        var (result, _) = Run("quantization.epochs=1");
        var finished = FakeQuantCheckpoint.Load(result.RunFolder);
        using (finished.Model)
        {
            Assert.Equal(QuantizationPhase.FakeQuant, finished.Prepared.Phase);
            Assert.True(finished.Prepared.RangesFrozen);
            var inputs = RunInputs.Load(TinyRecipe.Load());
            var logits = Evaluator.Logits(finished.Model, inputs.Dev, TestContext.Current.CancellationToken);
            var engine = EngineEvaluator.Logits(Core.Artifact.ArtifactReader.Read(result.ArtifactFolder).Graph, inputs.Dev);
            TensorAssert.BitEqual(engine, logits, columns: 2);
        }

        var missing = _folder.Combine("none");
        var e = Assert.Throws<QatKitException>(() => FakeQuantCheckpoint.Load(missing));
        Assert.Equal($"QK1134 {missing}: the folder holds no finished run (recipe.yaml and checkpoints/fake-quant.safetensors). Pass the folder that 'qatkit run' wrote, or let the run finish with --resume.", e.Message);
    }

    [Fact]
    public void Verification_takes_the_model_from_its_checkpoint()
    {
        // The clock is read for the record of the result: after the checkpoint is written, before verification.
        var folder = _folder.Combine("lost");
        var path = Path.Combine(folder, "checkpoints", "fake-quant.safetensors");
        var e = Assert.Throws<QatKitException>(() => new RecipeRunner(time: new Clock(() => File.Delete(path)))
            .Run(TinyRecipe.Load("train.epochs=1", "quantization.epochs=0", "quantization.start_step=0"), folder, cancellation: TestContext.Current.CancellationToken));
        Assert.Equal($"QK1134 {folder}: the folder holds no finished run (recipe.yaml and checkpoints/fake-quant.safetensors). Pass the folder that 'qatkit run' wrote, or let the run finish with --resume.", e.Message);
    }

    [Fact]
    public void Model_on_another_device_is_not_verified()
    {
        var (result, _) = Run("train.epochs=1", "quantization.epochs=0", "quantization.start_step=0");
        using var finished = FakeQuantCheckpoint.Load(result.RunFolder);
        finished.Model.to(new torch.Device(DeviceType.META));
        var inputs = RunInputs.Load(TinyRecipe.Load());
        var request = new VerificationRequest(Core.Artifact.ArtifactReader.Read(result.ArtifactFolder), [inputs.Dev.Batch([0])]) { FakeQuant = (finished.Model, finished.Prepared) };
        var e = Assert.Throws<ArgumentException>(() => Verifier.Run(request, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal("The fake-quantized model is on meta; the engine's bits can only be compared with the CPU's. Load it from its run with FakeQuantCheckpoint.Load. (Parameter 'request')", e.Message);
    }

    [Fact]
    public void Run_on_cuda_is_verified_on_the_cpu()
    {
        if (!torch.cuda.is_available()) Assert.Skip("this machine has no CUDA");
        var (result, _) = Run("train.device=cuda");
        Assert.True(result.Verification.BitEqual);
        Assert.NotNull(result.Verification.LayerParity);
    }

    [Fact]
    public void Pruned_layers_stay_2_of_4_to_the_end()
    {
        var (result, _) = Run("sparsity={ pattern: \"2:4\", start_step: 5 }");
        var graph = Core.Artifact.ArtifactReader.Read(result.ArtifactFolder).Graph;
        foreach (var linear in graph.Layers.SelectMany(l => l.Linears)) Assert.Equal("2:4", linear.Mask?.Pattern);
        Assert.Null(graph.Pooler.Mask);
    }

    [Fact]
    public void Missing_files_of_a_recipe_are_told_together()
    {
        var loaded = RecipeLoader.Parse(
            "name: x\nmodel: { path: m }\ntask: { format: mrpc, train: a.tsv, dev: b.tsv }\n", "x.yaml", _folder.Path);
        var e = Assert.Throws<QatKitException>(() => RunInputs.Load(loaded));
        Assert.Equal(
            $"""
            3 problems:
            QK1010 model.path: the folder '{_folder.Combine("m")}' does not exist. Put it there, or correct the path; paths are relative to the recipe's folder.
            QK1010 task.train: the file '{_folder.Combine("a.tsv")}' does not exist. Put it there, or correct the path; paths are relative to the recipe's folder.
            QK1010 task.dev: the file '{_folder.Combine("b.tsv")}' does not exist. Put it there, or correct the path; paths are relative to the recipe's folder.
            """, e.Message);
    }

    [Fact]
    public void Metrics_are_json_lines_and_other_files_are_no_checkpoints()
    {
        var (result, records) = Run("quantization.epochs=0", "quantization.start_step=0", "sparsity=null");
        var lines = File.ReadAllLines(Path.Combine(result.RunFolder, "metrics.jsonl")).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(records.Select(r => r.Stage), lines.Select(l => l.GetProperty("stage").GetString()));
        Assert.Equal(records[0].Values["loss"], lines[0].GetProperty("loss").GetDouble());

        var other = Path.Combine(result.ArtifactFolder, "model.safetensors");
        var e = Assert.Throws<QatKitException>(() => TrainingCheckpoint.ReadState(other));
        Assert.Equal($"QK1132 {other}: the file is not a training checkpoint of this version. Delete the run folder and start again.", e.Message);
    }

    [Fact]
    public void Unavailable_cuda_is_told()
    {
        if (torch.cuda.is_available()) Assert.Skip("this machine has CUDA");
        var e = Assert.Throws<QatKitException>(() => Run("train.device=cuda"));
        Assert.Equal("QK1140 train.device: train.device = cuda, but torch finds no CUDA device. Use auto or cpu, or build with -p:QatKitTorch=cuda-linux on a machine with a driver ('qatkit doctor' tells).", e.Message);
    }

    private (RunResult Result, List<MetricRecord> Records) Run(params string[] overrides)
    {
        var folder = _folder.Combine(Guid.NewGuid().ToString("N"));
        var result = new RecipeRunner().Run(TinyRecipe.Load(overrides), folder, cancellation: TestContext.Current.CancellationToken);
        var records = File.ReadAllLines(Path.Combine(folder, "metrics.jsonl")).Select(Parse).ToList();
        return (result, records);
    }

    private sealed class Clock(Action read) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow()
        {
            read();
            return base.GetUtcNow();
        }
    }

    private static MetricRecord Parse(string line)
    {
        using var document = JsonDocument.Parse(line);
        var row = document.RootElement;
        return new MetricRecord(
            row.GetProperty("stage").GetString()!, row.GetProperty("step").GetInt64(),
            row.EnumerateObject().Where(p => p.Name is not ("time" or "stage" or "step")).ToDictionary(p => p.Name, p => p.Value.GetDouble()));
    }
}

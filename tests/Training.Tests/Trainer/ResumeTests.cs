using QatKit.Core.Diagnostics;
using QatKit.Core.Tensors;
using QatKit.TestKit;
using QatKit.Training.Runs;
using QatKit.Training.Telemetry;

namespace QatKit.Training.Tests.Trainer;

[Collection(TorchRandomCollection.Name)]
public sealed class ResumeTests(ResumeTests.WholeRun whole) : IClassFixture<ResumeTests.WholeRun>
{
    private const string FolderVariable = "QATKIT_TEST_RESUME_FOLDER";
    private const string RecomputedMasks = "sparsity={ pattern: \"2:4\", schedule: recompute, every_steps: 4, until_step: 12 }";

    // Dropout, accumulation, recomputed masks, delayed start and frozen ranges: everything that has state.
    private static readonly string[] Overrides =
        ["model.dropout=0.1", "train.gradient_accumulation=2", "train.batch_size=8", "quantization.freeze_step=9", RecomputedMasks];

    [Theory]
    [InlineData("finetune", 7)] // in the middle of an epoch
    [InlineData("finetune", 10)] // at its end
    [InlineData("qat", 2)] // before fake-quantize starts
    [InlineData("qat", 7)] // before ranges freeze, between two mask computations
    [InlineData("qat", 15)] // with everything fixed
    public async Task Stopped_run_that_goes_on_in_another_process_ends_with_the_same_bits(string stage, int step)
    {
        using var folder = new TempFolder();
        using var stop = new CancellationTokenSource();
        var stopper = new Stopper(stage, step, stop);
        Assert.Throws<OperationCanceledException>(() => new RecipeRunner(stopper).Run(TinyRecipe.Load(Overrides), folder.Combine("halves"), cancellation: stop.Token));
        Assert.False(Directory.Exists(folder.Combine("halves", "model")));
        await ChildTest.Run(typeof(ResumeTests), nameof(Child_resumes_a_run), FolderVariable, folder.Combine("halves"));

        AssertSameTensors(whole.Combine("checkpoints", "last.safetensors"), folder.Combine("halves", "checkpoints", "last.safetensors"));
        AssertSameTensors(whole.Combine("model", "model.safetensors"), folder.Combine("halves", "model", "model.safetensors"));
    }

    // The second half of the test above; runs in a process of its own.
    [Fact(Explicit = true)]
    public void Child_resumes_a_run() =>
        new RecipeRunner().Run(TinyRecipe.Load(Overrides), Environment.GetEnvironmentVariable(FolderVariable)!, resume: true, TestContext.Current.CancellationToken);

    [Fact]
    public void Stage_that_stopped_early_does_not_go_on_when_the_run_is_resumed()
    {
        // With a learning rate of practically 0 no epoch is better than the first, so fine-tuning ends after the second.
        string[] overrides = ["train.epochs=9", "train.early_stop_epochs=1", "train.learning_rate=1e-12", "quantization.epochs=0", "quantization.start_step=0", "sparsity=null"];
        using var folder = new TempFolder();
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => new RecipeRunner(new Stopper("calibrate", 1, stop)).Run(TinyRecipe.Load(overrides), folder.Combine("run"), cancellation: stop.Token));
        new RecipeRunner().Run(TinyRecipe.Load(overrides), folder.Combine("run"), resume: true, TestContext.Current.CancellationToken);
        Assert.Equal(2, File.ReadAllLines(folder.Combine("run", "metrics.jsonl")).Count(l => l.Contains("dev_metric", StringComparison.Ordinal)));
    }

    [Fact]
    public void Run_whose_data_has_changed_cannot_go_on()
    {
        using var folder = new TempFolder();
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => new RecipeRunner(new Stopper("finetune", 1, stop)).Run(TinyRecipe.Load(), folder.Combine("run"), cancellation: stop.Token));
        var run = new RunFolder(folder.Combine("run"));
        var provenance = run.ReadProvenance();
        run.WriteProvenance(new Dictionary<string, string>(provenance) { ["data.sha256"] = "other" });
        var e = Assert.Throws<QatKitException>(() => new RecipeRunner().Run(TinyRecipe.Load(), run.Root, resume: true, TestContext.Current.CancellationToken));
        Assert.Equal($"QK1136 {run.ProvenancePath}: data.sha256 = {provenance["data.sha256"]}, but the run was started with other. Put the files back, or start a new run.", e.Message);
    }

    [Fact]
    public void Run_from_another_machine_cannot_go_on()
    {
        using var folder = new TempFolder();
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => new RecipeRunner(new Stopper("finetune", 1, stop)).Run(TinyRecipe.Load(), folder.Combine("run"), cancellation: stop.Token));
        var run = new RunFolder(folder.Combine("run"));
        run.WriteProvenance(new Dictionary<string, string>(run.ReadProvenance()) { ["machine.device"] = "cuda", ["machine.threads"] = "64", ["machine.os"] = "other" });
        var e = Assert.Throws<QatKitException>(() => new RecipeRunner().Run(TinyRecipe.Load(), run.Root, resume: true, TestContext.Current.CancellationToken));
        Assert.Equal(
            $"""
            2 problems:
            QK1137 {run.ProvenancePath}: machine.device = cpu, but the run was started with cuda. Resume it on such a machine (DOTNET_PROCESSOR_COUNT lowers the number of threads), or start a new run.
            QK1137 {run.ProvenancePath}: machine.threads = 1, but the run was started with 64. Resume it on such a machine (DOTNET_PROCESSOR_COUNT lowers the number of threads), or start a new run.
            """, e.Message);
    }

    [Fact]
    public void Other_recipe_cannot_resume_a_run_and_the_differences_are_told()
    {
        using var folder = new TempFolder();
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => new RecipeRunner(new Stopper("finetune", 1, stop)).Run(TinyRecipe.Load(), folder.Combine("run"), cancellation: stop.Token));
        var e = Assert.Throws<QatKitException>(() => new RecipeRunner().Run(
            TinyRecipe.Load("train.seed=7", "sparsity=null"), folder.Combine("run"), resume: true, TestContext.Current.CancellationToken));
        var path = folder.Combine("run", "recipe.yaml");
        Assert.Equal($"QK1130 {path}: train.seed = 7, but the run was started with 42. Resume with the same recipe, or start a new run.", e.Diagnostics[0].ToString());
        Assert.Contains(e.Diagnostics, d => d.Message == "sparsity.pattern = absent, but the run was started with \"2:4\". Resume with the same recipe, or start a new run.");
    }

    [Fact]
    public void Folder_that_is_in_use_or_holds_no_run_is_refused()
    {
        using var folder = new TempFolder();
        folder.WriteText("full/notes.txt", "x");
        var full = folder.Combine("full");
        var e = Assert.Throws<QatKitException>(() => new RecipeRunner().Run(TinyRecipe.Load(), full, cancellation: TestContext.Current.CancellationToken));
        Assert.Equal($"QK1133 {full}: the folder is not empty. Name another folder with --output.", e.Message);
        e = Assert.Throws<QatKitException>(() => new RecipeRunner().Run(TinyRecipe.Load(), full, resume: true, TestContext.Current.CancellationToken));
        Assert.Equal($"QK1131 {full}: there is no run to resume. Start it without --resume.", e.Message);
        folder.WriteText("full/recipe.yaml", "");
        Directory.CreateDirectory(folder.Combine("full", "checkpoints"));
        e = Assert.Throws<QatKitException>(() => new RecipeRunner().Run(TinyRecipe.Load(), full, cancellation: TestContext.Current.CancellationToken));
        Assert.Equal($"QK1133 {full}: the folder is not empty. The run in it ended before its first checkpoint: delete it, or name another folder with --output.", e.Message);
        e = Assert.Throws<QatKitException>(() => new RecipeRunner().Run(TinyRecipe.Load(), full, resume: true, TestContext.Current.CancellationToken));
        Assert.Equal($"QK1131 {full}: the run ended before its first checkpoint. Delete the folder and start the run without --resume.", e.Message);
    }

    private static void AssertSameTensors(string expectedPath, string actualPath)
    {
        using var expected = SafetensorsFile.Open(expectedPath);
        using var actual = SafetensorsFile.Open(actualPath);
        Assert.Equal(expected.Names, actual.Names);
        foreach (var name in expected.Names)
        {
            switch (expected.Info(name).Type)
            {
                case TensorType.F32: TensorAssert.BitEqual(expected.ReadFloat32(name), actual.ReadFloat32(name), context: name); break;
                case TensorType.I64: TensorAssert.BitEqual(expected.ReadInt64(name), actual.ReadInt64(name), context: name); break;
                case TensorType.I16: TensorAssert.BitEqual(expected.ReadInt16(name), actual.ReadInt16(name), context: name); break;
                case TensorType.I8: TensorAssert.BitEqual(expected.ReadInt8(name), actual.ReadInt8(name), context: name); break;
                default: TensorAssert.BitEqual(expected.ReadUInt8(name), actual.ReadUInt8(name), context: name); break;
            }
        }
    }

    /// <summary>A run that was never stopped.</summary>
    public sealed class WholeRun : IDisposable
    {
        private readonly TempFolder _folder = new();

        public WholeRun()
        {
            // The child only needs its own half.
            if (Environment.GetEnvironmentVariable(FolderVariable) is null) new RecipeRunner().Run(TinyRecipe.Load(Overrides), Combine());
        }

        public string Combine(params ReadOnlySpan<string> parts) => _folder.Combine(["whole", .. parts]);

        public void Dispose() => _folder.Dispose();
    }

    // Cancels after a step, as Ctrl-C does.
    private sealed class Stopper(string stage, long step, CancellationTokenSource stop) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Stage == stage && value.Step == step && value.Message is null) stop.Cancel();
        }
    }
}

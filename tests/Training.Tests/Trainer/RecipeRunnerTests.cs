using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.TestKit;
using QatKit.Training.Recipes;
using QatKit.Training.Runs;
using QatKit.Training.Telemetry;

namespace QatKit.Training.Tests.Trainer;

[Collection(TorchRandomCollection.Name)]
public sealed class RecipeRunnerTests
{
    [Fact]
    public void Tiny_run_goes_all_the_way_to_a_verified_artifact()
    {
        using var folder = new TempFolder();
        var told = new List<string>();
        var result = new RecipeRunner(new Told(told)).Run(TinyRecipe.Load(), folder.Combine("run"), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal("model: random weights", told[0]);
        Assert.True(result.Verification.BitEqual);
        Assert.Equal(result.FakeQuant, result.Engine);
        var artifact = ArtifactReader.Read(result.ArtifactFolder);
        Assert.Equal(["negative", "positive"], artifact.Manifest.Details.Labels);
        Assert.Equal(result.Engine, artifact.Manifest.Details.Evaluation["dev.engine"]);
        Assert.Equal("42", artifact.Manifest.Details.Provenance["seed"]);
        foreach (var file in new[] { "recipe.yaml", "run.json", "evaluation.json", "metrics.jsonl", "parity.json", "parity.md", "vocab.txt", "checkpoints/last.safetensors", "checkpoints/fp32/model.safetensors", "checkpoints/fp32/vocab.txt", "checkpoints/fp32/tokenizer_config.json" })
            Assert.True(File.Exists(folder.Combine("run", file)), file);
        Assert.NotEmpty(Directory.GetFiles(folder.Combine("run", "tensorboard")));
        Assert.Equal(RecipeText.ToYaml(TinyRecipe.Load().Recipe), File.ReadAllText(folder.Combine("run", "recipe.yaml")));

        // The floating-point model of a run is a model to start from: it has its vocabulary and the names of its classes.
        var again = TinyRecipe.Load("model.architecture=null", "model.vocabulary=null", $"model.path={folder.Combine("run", "checkpoints", "fp32")}", "train.epochs=0");
        RecipeCheck.Run(again);
        var start = ModelFactory.Create(again, RunInputs.Load(again));
        using var model = start.Model;
        Assert.Equal(("25 parameters loaded", null), (start.Origin, start.ClassesNote));
    }

    // A run that ended before its first checkpoint cannot be resumed.
    [Fact]
    public void A_folder_that_holds_no_checkpoint_is_not_to_be_resumed()
    {
        using var folder = new TempFolder();
        folder.WriteText("run/recipe.yaml", "name: x");
        Directory.CreateDirectory(folder.Combine("run", "checkpoints"));
        var e = Assert.Throws<QatKitException>(() => new RecipeRunner().Run(TinyRecipe.Load(), folder.Combine("run"), cancellation: TestContext.Current.CancellationToken));
        Assert.Equal($"QK1133 {folder.Combine("run")}: the folder is not empty. The run in it ended before its first checkpoint: delete it, or name another folder with --output.", e.Message);
    }

    private sealed class Told(List<string> lines) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Message is { } message) lines.Add($"{value.Stage}: {message}");
        }
    }
}

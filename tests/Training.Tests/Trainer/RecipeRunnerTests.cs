using QatKit.Core.Artifact;
using QatKit.TestKit;
using QatKit.Training.Recipes;
using QatKit.Training.Runs;

namespace QatKit.Training.Tests.Trainer;

[Collection(TorchRandomCollection.Name)]
public sealed class RecipeRunnerTests
{
    [Fact]
    public void Tiny_run_goes_all_the_way_to_a_verified_artifact()
    {
        using var folder = new TempFolder();
        var result = new RecipeRunner().Run(TinyRecipe.Load(), folder.Combine("run"), cancellation: TestContext.Current.CancellationToken);
        Assert.True(result.Verification.BitEqual);
        Assert.Equal(result.FakeQuant, result.Engine);
        var artifact = ArtifactReader.Read(result.ArtifactFolder);
        Assert.Equal(["negative", "positive"], artifact.Manifest.Details.Labels);
        Assert.Equal(result.Engine, artifact.Manifest.Details.Evaluation["dev.engine"]);
        Assert.Equal("42", artifact.Manifest.Details.Provenance["seed"]);
        foreach (var file in new[] { "recipe.yaml", "run.json", "evaluation.json", "metrics.jsonl", "parity.json", "parity.md", "vocab.txt", "checkpoints/last.safetensors", "checkpoints/fp32/model.safetensors" })
            Assert.True(File.Exists(folder.Combine("run", file)), file);
        Assert.NotEmpty(Directory.GetFiles(folder.Combine("run", "tensorboard")));
        Assert.Equal(RecipeText.ToYaml(TinyRecipe.Load().Recipe), File.ReadAllText(folder.Combine("run", "recipe.yaml")));
    }
}

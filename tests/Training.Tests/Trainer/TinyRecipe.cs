using QatKit.Training.Recipes;

namespace QatKit.Training.Tests.Trainer;

/// <summary>A recipe that runs through every stage in seconds.</summary>
internal static class TinyRecipe
{
    private const string Text = """
        name: tiny
        model:
          architecture: { layers: 1, hidden: 32, heads: 2, intermediate: 64, max_positions: 32 }
          vocabulary: builtin:reviews
        task: { data: builtin:reviews, max_length: 32, train_limit: 160, dev_limit: 16 }
        train: { epochs: 2, batch_size: 16, learning_rate: 1.0e-3, threads: 1, device: cpu }
        quantization: { epochs: 2, learning_rate: 1.0e-3, calibration_batches: 4, start_step: 3 }
        sparsity: { pattern: "2:4" }
        verify: { max_metric_loss: 1 }
        """;

    public static LoadedRecipe Load(params string[] overrides) => RecipeLoader.Parse(Text, "tiny.yaml", "/", overrides);
}

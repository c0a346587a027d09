using QatKit.Core.Diagnostics;
using QatKit.Training.Recipes;

namespace QatKit.Training.Runs;

// The steps of the quantization stage at which something happens, checked against its length.
internal static class StageSteps
{
    // The step from which ranges are fixed: after they have been in use for a while, with time left to train on them.
    public static long FreezeStep(QuantizationSection quantization, long total) =>
        quantization.FreezeStep ?? (quantization.StartStep + total) / 2;

    // A step that never comes would leave the model dense or in floating point, or its masks changing to the end. Step 0 always comes.
    public static void Check(Recipe recipe, long total)
    {
        var problems = new DiagnosticBag();
        Require("quantization.start_step", recipe.Quantization.StartStep);
        if (recipe.Sparsity is { } sparsity)
        {
            Require("sparsity.start_step", sparsity.StartStep);
            Require("sparsity.until_step", sparsity.UntilStep ?? 0);
            var freeze = FreezeStep(recipe.Quantization, total);
            if (sparsity.StartStep > 0 && sparsity.StartStep >= freeze && sparsity.StartStep < total)
                problems.Add("QK1143", "sparsity.start_step", $"sparsity.start_step = {sparsity.StartStep} does not lie before step {freeze}, from which activation ranges are fixed: they would be those of the dense model. Lower it, or raise quantization.freeze_step.");
        }

        problems.ThrowIfAny();

        void Require(string key, long value)
        {
            if (value > 0 && value >= total)
                problems.Add("QK1142", key, $"{key} = {value} is never reached: the quantization stage has {total} steps. Lower it, or raise quantization.epochs.");
        }
    }
}

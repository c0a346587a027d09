using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Quantization.Placement;
using QatKit.Training.Sparsification;

namespace QatKit.Training.Recipes;

// Which layers the patterns of a recipe choose, found without a model: sizes are enough.
internal static class RecipePlans
{
    // Reports QK2010, QK2011 and QK3005.
    public static void Check(Recipe recipe, BertArchitecture architecture, Func<string, string> placeOf, DiagnosticBag problems)
    {
        Try(() => new QuantizationPlan { Targets = recipe.Quantization.Targets, Ignore = recipe.Quantization.Ignore }.Resolve(architecture));
        if (recipe.Sparsity is { } sparsity) Try(() => new SparsityPlan { Targets = sparsity.Targets, Ignore = sparsity.Ignore }.Resolve(architecture));

        void Try(Action resolve)
        {
            try
            {
                resolve();
            }
            catch (QatKitException e)
            {
                foreach (var d in e.Diagnostics) problems.Add(d with { Location = placeOf(d.Location) });
            }
        }
    }
}

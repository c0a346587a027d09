using QatKit.Core.Diagnostics;
using QatKit.Training.Bert;
using QatKit.Training.Data.Reviews;
using QatKit.Training.Recipes;

namespace QatKit.Training.Runs;

/// <summary>Checks what a valid recipe names outside of itself: files, folders, and the layers of its checkpoint.</summary>
public static class RecipeCheck
{
    /// <summary>Throws when the recipe could not be run. Data files are looked for, not read.</summary>
    /// <exception cref="QatKitException">QK1010 missing files and folders, QK1111 an unusable vocabulary, QK1120 what does not fit the checkpoint, QK2010, QK2011 and QK3005 patterns that do
    /// not fit the checkpoint, QK202x a checkpoint that is none: all problems at once.</exception>
    public static void Run(LoadedRecipe loaded)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        var problems = new DiagnosticBag();
        Try(() => RunInputs.CheckPaths(loaded));
        var (model, given) = (loaded.Recipe.Model.Path, loaded.Recipe.Model.Vocabulary);
        var folder = model is not null && Directory.Exists(loaded.Resolve(model)) ? loaded.Resolve(model) : null;
        // What is not there has been told.
        int? vocabulary = null;
        if (given is null ? folder is not null : given == BuiltinReviews.Name || File.Exists(loaded.Resolve(given))) Try(() => vocabulary = RunInputs.LoadVocabulary(loaded).Count);
        if (folder is not null)
        {
            Try(() => BertCheckpoint.WeightsOf(folder));
            Try(() =>
            {
                var config = BertConfig.Load(Path.Combine(folder, BertCheckpoint.ConfigFile));
                Try(() => ModelFactory.CheckFit(loaded, vocabulary, config));
                RecipePlans.Check(loaded.Recipe, config.ToArchitecture(), key => key, problems);
            });
        }

        problems.ThrowIfAny();

        void Try(Action check)
        {
            try
            {
                check();
            }
            catch (QatKitException e)
            {
                foreach (var d in e.Diagnostics) problems.Add(d);
            }
        }
    }
}

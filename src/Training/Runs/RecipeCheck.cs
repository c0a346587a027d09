using QatKit.Core.Diagnostics;
using QatKit.Training.Bert;
using QatKit.Training.Recipes;

namespace QatKit.Training.Runs;

/// <summary>Checks what a valid recipe names outside of itself: files, folders, and the layers of its checkpoint.</summary>
public static class RecipeCheck
{
    /// <summary>Throws when the recipe could not be run. Data files are looked for, not read.</summary>
    /// <exception cref="QatKitException">QK1010 missing files and folders, QK1111 an unusable vocabulary, QK2010, QK2011 and QK3005 patterns that do
    /// not fit the checkpoint, QK202x a checkpoint that is none: all problems at once.</exception>
    public static void Run(LoadedRecipe loaded)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        var problems = new DiagnosticBag();
        Try(() => RunInputs.CheckPaths(loaded));
        if (loaded.Recipe.Model.Path is { } path && Directory.Exists(loaded.Resolve(path))) CheckModel(loaded.Resolve(path));
        problems.ThrowIfAny();

        void CheckModel(string folder)
        {
            if (loaded.Recipe.Model.Vocabulary is null) Try(() => RunInputs.LoadVocabulary(loaded));
            Try(() => BertCheckpoint.WeightsOf(folder));
            Try(() => RecipePlans.Check(loaded.Recipe, BertConfig.Load(Path.Combine(folder, BertCheckpoint.ConfigFile)).ToArchitecture(), key => key, problems));
        }

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

using QatKit.Core.Artifact;
using QatKit.Export;
using QatKit.Training.Data;
using QatKit.Training.Data.Reviews;
using QatKit.Training.Recipes;

namespace QatKit.Training.Runs;

/// <summary>Writes the model of a finished run again, without training.</summary>
public static class RunExporter
{
    /// <summary>Freezes the run's checkpoint and writes the artifact.</summary>
    /// <param name="runFolder">Folder of the run.</param>
    /// <param name="output">Folder of the artifact; the recipe's own when omitted.</param>
    /// <param name="cancellation">Checked until the folder is renamed.</param>
    /// <exception cref="Core.Diagnostics.QatKitException">QK1134: the folder is no finished run; QK4xxx: it cannot be written.</exception>
    public static ModelArtifact Export(string runFolder, string? output = null, CancellationToken cancellation = default)
    {
        using var run = FakeQuantCheckpoint.Load(runFolder);
        var recipe = run.Recipe;
        var details = new ArtifactDetails
        {
            Labels = Labels(recipe.Task),
            MaxSequenceLength = recipe.Task.MaxLength,
            LowerCase = recipe.Model.LowerCase,
            Provenance = run.Folder.ReadProvenance(),
            Evaluation = run.Folder.ReadEvaluation(),
        };
        return ArtifactWriter.Write(run.Freeze(), details, run.Folder.VocabularyPath, output ?? Path.Combine(run.Folder.Root, recipe.Export.Output), cancellation);
    }

    // The labels of the artifact: the task's classes, or the one name of a regression.
    internal static IReadOnlyList<string> Labels(TaskSection task)
    {
        var classes = task.Data is not null ? BuiltinReviews.Create().Dev.Labels : DataLayout.ForGlue(task.Format!.Value)?.Labels ?? task.Labels;
        return classes.Count == 0 ? ["score"] : classes;
    }
}

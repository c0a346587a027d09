using QatKit.Core.Diagnostics;
using QatKit.Training.Data;
using QatKit.Training.Data.Reviews;
using QatKit.Training.Recipes;
using QatKit.Text;

namespace QatKit.Training.Runs;

/// <summary>The data of a recipe, read and encoded.</summary>
/// <param name="Encoder">Text encoder with the model's vocabulary.</param>
/// <param name="Train">Training examples.</param>
/// <param name="Dev">Evaluation examples.</param>
/// <param name="DevTexts">Evaluation examples as texts.</param>
/// <param name="Labels">Class names; empty for a regression.</param>
/// <param name="DataSha256">Hashes of both splits, <c>train:dev</c>.</param>
public sealed record RunInputs(
    BertTextEncoder Encoder, EncodedDataset Train, EncodedDataset Dev, TextDataset DevTexts, IReadOnlyList<string> Labels, string DataSha256)
{
    /// <summary>Outputs of the model: the number of classes, or 1.</summary>
    public int Outputs => Labels.Count == 0 ? 1 : Labels.Count;

    /// <summary>Reads and encodes what a recipe names.</summary>
    /// <exception cref="QatKitException">QK1010 a model or vocabulary is missing, QK1101 to QK1111 the data or vocabulary is not usable.</exception>
    public static RunInputs Load(LoadedRecipe loaded)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        CheckPaths(loaded);
        var task = loaded.Recipe.Task;
        var (train, dev) = LoadData(loaded);
        train = Limit(train, task.TrainLimit);
        dev = Limit(dev, task.DevLimit);
        var encoder = new BertTextEncoder(LoadVocabulary(loaded), loaded.Recipe.Model.LowerCase, task.MaxLength);
        return new RunInputs(
            encoder, EncodedDataset.Create(train, encoder), EncodedDataset.Create(dev, encoder), dev, train.Labels, $"{train.Sha256}:{dev.Sha256}");
    }

    internal static void CheckPaths(LoadedRecipe loaded)
    {
        var problems = new DiagnosticBag();
        CheckPaths(loaded, key => key, problems);
        problems.ThrowIfAny();
    }

    // QK1010 for every file and folder that the recipe names and that is not there. Sections may be missing.
    internal static void CheckPaths(LoadedRecipe loaded, Func<string, string> placeOf, DiagnosticBag problems)
    {
        if (loaded.Recipe is { Model: { } model })
        {
            Require("model.path", model.Path, Directory.Exists, "folder");
            Require("model.vocabulary", model.Vocabulary == BuiltinReviews.Name ? null : model.Vocabulary, File.Exists, "file");
        }

        if (loaded.Recipe is { Task: { } task })
        {
            Require("task.train", task.Train, File.Exists, "file");
            Require("task.dev", task.Dev, File.Exists, "file");
        }

        void Require(string key, string? path, Func<string, bool> exists, string kind)
        {
            if (path is not null && !exists(loaded.Resolve(path)))
                problems.Add("QK1010", placeOf(key), $"the {kind} '{loaded.Resolve(path)}' does not exist. Put it there, or correct the path; paths are relative to the recipe's folder.");
        }
    }

    private static (TextDataset Train, TextDataset Dev) LoadData(LoadedRecipe loaded)
    {
        var task = loaded.Recipe.Task;
        if (task.Data is not null) return BuiltinReviews.Create();
        var columns = task.Columns ?? new ColumnsSection();
        var layout = DataLayout.ForGlue(task.Format!.Value) ?? new DataLayout(task.Format.Value, columns.Text, columns.Pair, columns.Label, task.Labels);
        return (DatasetLoader.Load(loaded.Resolve(task.Train!), layout), DatasetLoader.Load(loaded.Resolve(task.Dev!), layout));
    }

    internal static Vocabulary LoadVocabulary(LoadedRecipe loaded) => loaded.Recipe.Model switch
    {
        { Vocabulary: BuiltinReviews.Name } => BuiltinReviews.CreateVocabulary(),
        { Vocabulary: { } path } => Vocabulary.Load(loaded.Resolve(path)),
        var model => Vocabulary.Load(Path.Combine(loaded.Resolve(model.Path!), "vocab.txt")),
    };

    private static TextDataset Limit(TextDataset data, int? limit) =>
        limit is { } n && n < data.Examples.Count ? data with { Examples = [.. data.Examples.Take(n)] } : data;
}

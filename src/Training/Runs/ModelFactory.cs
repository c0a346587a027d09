using QatKit.Core.Diagnostics;
using QatKit.Training.Bert;
using QatKit.Training.Recipes;
using QatKit.Training.Text;

namespace QatKit.Training.Runs;

/// <summary>Makes the model that a recipe starts from.</summary>
public static class ModelFactory
{
    private const double DefaultDropout = 0.1;

    /// <summary>Loads a checkpoint, or builds a model with random weights.</summary>
    /// <returns>The model and one line about where its weights come from.</returns>
    /// <exception cref="QatKitException">QK1120: vocabulary, text length or casing do not fit the model; QK202x: the checkpoint is not usable.</exception>
    public static (BertForSequenceClassification Model, string Origin) Create(LoadedRecipe loaded, RunInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        ArgumentNullException.ThrowIfNull(inputs);
        var (section, seed) = (loaded.Recipe.Model, loaded.Recipe.Train.Seed);
        if (section.Architecture is { } a)
        {
            var dropout = section.Dropout ?? DefaultDropout;
            var fresh = new BertConfig
            {
                VocabSize = inputs.Encoder.Vocabulary.Count, HiddenSize = a.Hidden, Layers = a.Layers, Heads = a.Heads,
                IntermediateSize = a.Intermediate, MaxPositions = a.MaxPositions, Classes = inputs.Outputs,
                HiddenDropout = dropout, AttentionDropout = dropout,
            };
            return (new BertForSequenceClassification(fresh, seed), "random weights");
        }

        var folder = loaded.Resolve(section.Path!);
        var config = BertConfig.Load(Path.Combine(folder, BertCheckpoint.ConfigFile), inputs.Outputs);
        if (section.Dropout is { } given) config = config with { HiddenDropout = given, AttentionDropout = given, ClassifierDropout = null };
        CheckFit(loaded, inputs, config);
        var (model, report) = BertCheckpoint.Load(folder, config, seed);
        return (model, report.ToString());
    }

    private static void CheckFit(LoadedRecipe loaded, RunInputs inputs, BertConfig config)
    {
        var problems = new DiagnosticBag();
        if (inputs.Encoder.Vocabulary.Count > config.VocabSize)
            problems.Add("QK1120", "model.vocabulary", $"the vocabulary has {inputs.Encoder.Vocabulary.Count} tokens, the model knows {config.VocabSize}. Use the vocabulary that belongs to the model.");
        if (loaded.Recipe.Task.MaxLength > config.MaxPositions)
            problems.Add("QK1120", "task.max_length", $"task.max_length = {loaded.Recipe.Task.MaxLength} exceeds the model's {config.MaxPositions} positions. Lower it.");
        foreach (var difference in TokenizerConfig.Differences(loaded.Resolve(loaded.Recipe.Model.Path!), loaded.Recipe.Model.LowerCase))
            problems.Add("QK1120", "model.lower_case", difference);
        problems.ThrowIfAny();
    }
}

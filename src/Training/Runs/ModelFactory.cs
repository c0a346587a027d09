using QatKit.Core.Diagnostics;
using QatKit.Training.Bert;
using QatKit.Training.Recipes;

namespace QatKit.Training.Runs;

/// <summary>Makes the model that a recipe starts from.</summary>
public static class ModelFactory
{
    private const double DefaultDropout = 0.1;

    /// <summary>Loads a checkpoint, or builds a model with random weights.</summary>
    /// <exception cref="QatKitException">QK1120: vocabulary, text length or casing do not fit the model; QK1121: a classifier that the checkpoint
    /// lacks would stay random; QK1122: its classes are not those of the task; QK202x: the checkpoint is not usable.</exception>
    public static StartingModel Create(LoadedRecipe loaded, RunInputs inputs)
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
            return new StartingModel(new BertForSequenceClassification(fresh, seed), "random weights", null);
        }

        var folder = loaded.Resolve(section.Path!);
        var configPath = Path.Combine(folder, BertCheckpoint.ConfigFile);
        var config = BertConfig.Load(configPath, inputs.Outputs);
        if (section.Dropout is { } given) config = config with { HiddenDropout = given, AttentionDropout = given, ClassifierDropout = null };
        CheckFit(loaded, inputs.Encoder.Vocabulary.Count, config);
        var (model, report) = BertCheckpoint.Load(folder, config, seed);
        try
        {
            var epochs = loaded.Recipe.Train.Epochs;
            if (epochs == 0 && report.Initialized.Count > 0)
                throw new QatKitException("QK1121", BertCheckpoint.WeightsOf(folder), $"the checkpoint lacks {string.Join(", ", report.Initialized)}, and train.epochs = 0 takes the model as it is: its answers would be random. Set train.epochs to at least 1, or pass a fine-tuned checkpoint.");
            return new StartingModel(model, report.ToString(), ClassAlignment.Align(model, report, configPath, inputs.Labels, epochs));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Checks what a recipe says against the configuration of its checkpoint.</summary>
    /// <param name="loaded">The recipe.</param>
    /// <param name="vocabulary">Tokens of its vocabulary; null: not known.</param>
    /// <param name="config">The configuration.</param>
    /// <exception cref="QatKitException">QK1120: vocabulary, text length or casing do not fit; all problems at once.</exception>
    internal static void CheckFit(LoadedRecipe loaded, int? vocabulary, BertConfig config)
    {
        var problems = new DiagnosticBag();
        if (vocabulary > config.VocabSize)
            problems.Add("QK1120", "model.vocabulary", $"the vocabulary has {vocabulary} tokens, the model knows {config.VocabSize}. Use the vocabulary that belongs to the model.");
        if (loaded.Recipe.Task.MaxLength > config.MaxPositions)
            problems.Add("QK1120", "task.max_length", $"task.max_length = {loaded.Recipe.Task.MaxLength} exceeds the model's {config.MaxPositions} positions. Lower it.");
        foreach (var difference in TokenizerConfig.Differences(loaded.Resolve(loaded.Recipe.Model.Path!), loaded.Recipe.Model.LowerCase))
            problems.Add("QK1120", "model.lower_case", difference);
        problems.ThrowIfAny();
    }
}

using QatKit.Core.Diagnostics;
using QatKit.TestKit;
using QatKit.Training.Recipes;
using QatKit.Training.Runs;
using QatKit.Training.Tests.Bert;

namespace QatKit.Training.Tests.Runs;

public sealed class ModelFactoryTests
{
    [Theory]
    [InlineData(
        """{ "do_lower_case": false, "tokenize_chinese_chars": false }""",
        "QK1120 model.lower_case: model.lower_case = true, but tokenizer_config.json of the model says do_lower_case = false. Set model.lower_case: false.",
        "QK1120 model.lower_case: tokenizer_config.json of the model says tokenize_chinese_chars = false, which is not supported. Use another model.")]
    [InlineData(
        """{ "do_lower_case": true, "strip_accents": false }""",
        "QK1120 model.lower_case: tokenizer_config.json of the model says strip_accents = false, which is not supported with model.lower_case = true. Use another model.")]
    [InlineData("[]", "QK1120 model.lower_case: tokenizer_config.json of the model is not a JSON object. Restore it, or remove it.")]
    [InlineData("{", "QK1120 model.lower_case: tokenizer_config.json of the model is not a JSON object. Restore it, or remove it.")]
    public void Checkpoint_that_does_not_fit_the_recipe_is_told_before_it_is_read(string tokenizer, params string[] expected)
    {
        using var folder = new TempFolder();
        folder.WriteText("m/config.json", (TinyBert.Config() with { VocabSize = 100, MaxPositions = 16 }).ToJson());
        folder.WriteText("m/tokenizer_config.json", tokenizer);
        var loaded = RecipeLoader.Parse(
            "name: x\nmodel: { path: m, vocabulary: builtin:reviews }\ntask: { data: builtin:reviews, max_length: 32, train_limit: 8, dev_limit: 8 }\n", "x.yaml", folder.Path);
        var inputs = RunInputs.Load(loaded);
        var e = Assert.Throws<QatKitException>(() => ModelFactory.Create(loaded, inputs));
        Assert.Equal(
            [
                $"QK1120 model.vocabulary: the vocabulary has {inputs.Encoder.Vocabulary.Count} tokens, the model knows 100. Use the vocabulary that belongs to the model.",
                "QK1120 task.max_length: task.max_length = 32 exceeds the model's 16 positions. Lower it.",
                .. expected,
            ],
            e.Diagnostics.Select(d => d.ToString()));
    }
}

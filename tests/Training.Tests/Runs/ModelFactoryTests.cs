using QatKit.Core.Diagnostics;
using QatKit.Core.Tensors;
using QatKit.TestKit;
using QatKit.Training.Bert;
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

    [Fact]
    public void A_classifier_that_nothing_trains_is_refused_and_one_that_is_trained_is_told()
    {
        using var folder = new TempFolder();
        var weights = WriteCheckpoint(folder, null, n => !n.StartsWith("classifier", StringComparison.Ordinal));
        Assert.Equal(
            $"QK1121 {weights}: the checkpoint lacks classifier.weight, classifier.bias, and train.epochs = 0 takes the model as it is: its answers would be random. Set train.epochs to at least 1, or pass a fine-tuned checkpoint.",
            Assert.Throws<QatKitException>(() => Create(folder, epochs: 0)).Message);
        var start = Create(folder, epochs: 1);
        using var model = start.Model;
        Assert.Equal("39 parameters loaded; not in the checkpoint, initialised: classifier.weight, classifier.bias", start.Origin);
        Assert.Null(start.ClassesNote);
    }

    [Fact]
    public void Classes_in_another_order_are_reordered_by_name()
    {
        using var folder = new TempFolder();
        WriteCheckpoint(folder, ["negative", "positive"]);
        var straight = Create(folder, epochs: 0);
        using var expected = straight.Model;
        Assert.Null(straight.ClassesNote);
        WriteCheckpoint(folder, ["POSITIVE", "NEGATIVE"]);
        var start = Create(folder, epochs: 0);
        using var model = start.Model;
        Assert.Equal("the checkpoint has the classes POSITIVE, NEGATIVE: reordered by name to negative, positive.", start.ClassesNote);
        float[] weight = Values(expected, "classifier.weight"), bias = Values(expected, "classifier.bias");
        Assert.Equal([.. weight[32..], .. weight[..32]], Values(model, "classifier.weight"));
        Assert.Equal([bias[1], bias[0]], Values(model, "classifier.bias"));
    }

    [Fact]
    public void Other_classes_are_refused_unless_they_are_trained_and_nameless_ones_are_told()
    {
        using var folder = new TempFolder();
        WriteCheckpoint(folder, ["entailment", "not_entailment"]);
        Assert.Equal(
            $"QK1122 {folder.Combine("m", "config.json")}: id2label names the classes entailment, not_entailment, the task has negative, positive, and train.epochs = 0 takes the classifier as it is. Name the classes alike, or train with train.epochs of at least 1.",
            Assert.Throws<QatKitException>(() => Create(folder, epochs: 0)).Message);
        var start = Create(folder, epochs: 1);
        using var trained = start.Model;
        Assert.Equal("the checkpoint was made for the classes entailment, not_entailment; its classifier is trained for negative, positive.", start.ClassesNote);
        WriteCheckpoint(folder, null);
        start = Create(folder, epochs: 0);
        using var nameless = start.Model;
        Assert.Equal("warning: config.json does not name the classes of the checkpoint; they are taken for negative, positive, in this order.", start.ClassesNote);
    }

    private static StartingModel Create(TempFolder folder, int epochs)
    {
        var loaded = RecipeLoader.Parse(
            $"name: x\nmodel: {{ path: m, vocabulary: builtin:reviews }}\ntask: {{ data: builtin:reviews, max_length: 16, train_limit: 8, dev_limit: 8 }}\ntrain: {{ epochs: {epochs} }}\n", "x.yaml", folder.Path);
        return ModelFactory.Create(loaded, RunInputs.Load(loaded));
    }

    // The same weights each time; some of them, where a filter is given. Returns the path of the weights.
    private static string WriteCheckpoint(TempFolder folder, string[]? labels, Func<string, bool>? keep = null)
    {
        using var model = new BertForSequenceClassification(TinyBert.Config() with { VocabSize = 400, Classes = 2 }, seed: 3);
        using (TorchSharp.torch.no_grad())
        using (var second = model.get_parameter("classifier.bias")![1]) second.fill_(0.5f);
        BertCheckpoint.Save(model, folder.Combine("m"), labels);
        var path = folder.Combine("m", "model.safetensors");
        if (keep is null) return path;
        var writer = new SafetensorsWriter();
        foreach (var (name, parameter) in model.named_parameters().Where(p => keep(p.name))) writer.Add(name, parameter.shape, Values(model, name));
        writer.Write(path);
        return path;
    }

    private static float[] Values(BertForSequenceClassification model, string name) => model.get_parameter(name)!.data<float>().ToArray();
}

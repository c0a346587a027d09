using CsCheck;
using QatKit.Core.Diagnostics;
using QatKit.TestKit;
using QatKit.Training.Data;
using QatKit.Training.Metrics;
using QatKit.Training.Recipes;

namespace QatKit.Training.Tests.Recipes;

public sealed class RecipeLoaderTests
{
    private const string Minimal = """
        name: tiny
        model:
          architecture: { layers: 2, hidden: 64, heads: 2, intermediate: 128 }
          vocabulary: builtin:reviews
        task:
          data: builtin:reviews

        """;

    [Fact]
    public void Minimal_recipe_takes_the_documented_defaults()
    {
        var recipe = Parse(Minimal);
        Assert.Equal("tiny", recipe.Name);
        Assert.Equal(64, recipe.Model.Architecture!.Hidden);
        Assert.Equal((3, 32, 5e-5, 42), (recipe.Train.Epochs, recipe.Train.BatchSize, recipe.Train.LearningRate, recipe.Train.Seed));
        Assert.Equal(Metric.Accuracy, recipe.Task.Metric);
        Assert.Equal(CalibratorKind.Percentile, recipe.Quantization.Calibrator);
        Assert.Equal(0.01, recipe.Quantization.RangeMomentum);
        Assert.Equal(["*"], recipe.Quantization.Targets);
        Assert.Null(recipe.Sparsity);
    }

    [Fact]
    public void All_problems_are_told_at_once_with_their_places()
    {
        var e = Assert.Throws<QatKitException>(() => Parse(Minimal + """
            train:
              epohcs: 3
              batch_size: many
              learning_rate: 2
              device: gpu
              seed: "7"
            sparsity:
              targets: encoder
            extra: 1
            """));
        Assert.Equal(
            """
            8 problems:
            QK1003 r.yaml(8,3): unknown key 'epohcs' in train. Did you mean 'epochs'? The keys are epochs, batch_size, learning_rate, warmup_ratio, weight_decay, max_grad_norm, gradient_accumulation, seed, device, threads, early_stop_epochs, checkpoint_steps.
            QK1005 r.yaml(9,15): train.batch_size = 'many' has the wrong type. Write a whole number.
            QK1007 r.yaml(11,11): train.device = 'gpu' is unknown. Did you mean 'cpu'? Use auto, cpu or cuda.
            QK1005 r.yaml(12,9): train.seed = '7' has the wrong type. Write a whole number.
            QK1005 r.yaml(14,12): sparsity.targets = 'encoder' has the wrong type. Write a list of texts, such as ["a", "b"].
            QK1004 r.yaml(14,3): sparsity has no key 'pattern', which is required. Add it.
            QK1003 r.yaml(15,1): unknown key 'extra' in the recipe. The keys are name, model, task, train, quantization, sparsity, export, verify.
            QK1006 r.yaml(10,18): train.learning_rate = 2 is outside above 0 to 1. Use a value within.
            """, e.Message);
    }

    [Fact]
    public void Classes_have_names_of_their_own()
    {
        var e = Assert.Throws<QatKitException>(() => Parse("""
            name: r
            model: { path: m }
            task: { format: csv, train: a.csv, dev: b.csv, labels: [bad, good, bad, " ", ""] }
            """));
        Assert.Equal(
            """
            2 problems:
            QK1008 r.yaml(3,56): task.labels has an empty name. Give every class a name.
            QK1008 r.yaml(3,56): task.labels has 'bad' 2 times. Give every class a name of its own.
            """, e.Message);
    }

    [Fact]
    public void Contradictions_name_both_values()
    {
        var e = Assert.Throws<QatKitException>(() => Parse("""
            name: a/b
            model: { path: m, architecture: { layers: 1, hidden: 32, heads: 5, intermediate: 64, max_positions: 32 } }
            task: { data: builtin:review, train: x.tsv, metric: pearson, max_length: 64 }
            quantization: { start_step: 10, freeze_step: 5, percentile: 99, calibrator: max }
            sparsity: { pattern: "2:4", every_steps: 5 }
            export: { output: ../x }
            """));
        Assert.Equal(
            """
            12 problems:
            QK1008 r.yaml(2,8): model has both path and architecture. Remove one of them.
            QK1008 r.yaml(2,8): model.architecture needs model.vocabulary. Name a vocab.txt or builtin:reviews.
            QK1008 r.yaml(2,65): model.architecture.heads = 5 does not divide hidden = 32. Use a divisor.
            QK1008 r.yaml(3,53): task.metric = pearson does not fit task.type = classification. Use accuracy, f1 or matthews.
            QK1008 r.yaml(3,15): task.data = 'builtin:review' is unknown. Did you mean 'builtin:reviews'? The only built-in set is builtin:reviews; files go to format, train and dev.
            QK1008 r.yaml(3,7): task has data as well as format, train or dev. Use either the built-in set or files.
            QK1008 r.yaml(5,11): every_steps and until_step are for schedule recompute. Remove them or change the schedule.
            QK1008 r.yaml(3,74): task.max_length = 64 exceeds model.architecture.max_positions = 32. Lower the first or raise the second.
            QK1008 r.yaml(4,46): quantization.freeze_step = 5 lies before quantization.start_step = 10. Ranges cannot be fixed before they are used.
            QK1008 r.yaml(4,61): quantization.percentile has no effect without calibrator: percentile. Remove one of the two.
            QK1008 r.yaml(6,19): export.output = '../x' cannot be the name of a folder inside the run folder. Use letters, digits, '.', '_' and '-', as in model.
            QK1008 r.yaml(1,7): name = 'a/b' cannot be a folder name. Use letters, digits, '.', '_' and '-'.
            """, e.Message);
    }

    [Fact]
    public void Range_momentum_is_a_share()
    {
        Assert.Equal(0, Parse(Minimal, "quantization.range_momentum=0").Quantization.RangeMomentum);
        var e = Assert.Throws<QatKitException>(() => Parse(Minimal, "quantization.range_momentum=1.5"));
        Assert.Equal("QK1006 --set quantization.range_momentum: quantization.range_momentum = 1.5 is outside 0 to 1. Use a value within.", e.Message);
    }

    [Fact]
    public void Overrides_replace_values_and_report_their_own_place()
    {
        var recipe = Parse(Minimal, "train.epochs=7", "quantization.ignore=[\"*.pooler*\"]", "sparsity.pattern=2:4", "train.learning_rate=1e-3");
        Assert.Equal((7, 1e-3), (recipe.Train.Epochs, recipe.Train.LearningRate));
        Assert.Equal(["*.pooler*"], recipe.Quantization.Ignore);
        Assert.NotNull(recipe.Sparsity);
        var e = Assert.Throws<QatKitException>(() => Parse(Minimal, "train.epohcs=1", "train.epochs=-1", "epochs", "name.x=1", "train.seed=[1", "task.metric=f2"));
        Assert.Equal(
            """
            6 problems:
            QK1009 --set epochs: an override has the form section.key=value. Example: --set train.epochs=1.
            QK1009 --set name.x: 'name' is a value, not a section. Override 'name' itself.
            QK1009 --set train.seed: the value '[1' is not valid YAML. Quote it.
            QK1007 --set task.metric: task.metric = 'f2' is unknown. Did you mean 'f1'? Use accuracy, f1, matthews, pearson or spearman.
            QK1003 --set train.epohcs: unknown key 'epohcs' in train. Did you mean 'epochs'? The keys are epochs, batch_size, learning_rate, warmup_ratio, weight_decay, max_grad_norm, gradient_accumulation, seed, device, threads, early_stop_epochs, checkpoint_steps.
            QK1006 --set train.epochs: train.epochs = -1 is outside 0 to 1000. Use a value within.
            """, e.Message);
    }

    [Theory]
    [InlineData("a: [1", "QK1002 r.yaml(2,1): the recipe is not valid YAML: While parsing a flow sequence, did not find expected ',' or ']'. Correct the line.")]
    [InlineData("name: a\nname: b\n", "QK1002 r.yaml(2,1): the recipe is not valid YAML: Duplicate key name. Correct the line.")]
    [InlineData("", "QK1002 r.yaml: a recipe is one YAML document of 'key: value' lines; this has 0 documents. See docs/recipe-reference.md.")]
    [InlineData("- a\n", "QK1002 r.yaml: a recipe is one YAML document of 'key: value' lines; this has 1 documents of another kind. See docs/recipe-reference.md.")]
    [InlineData("a:\n  b: [c] *d\n  e: 1\n", "QK1002 r.yaml(4,1): the recipe is not valid YAML: The text up to here cannot be read. Correct the line.")]
    [InlineData("a: b?\0*c\n\nd:\n  e: 1\n", "QK1002 r.yaml(5,1): the recipe is not valid YAML: The text up to here cannot be read. Correct the line.")]
    public void Text_that_is_no_recipe_is_refused(string yaml, string message) =>
        Assert.Equal(message, Assert.Throws<QatKitException>(() => Parse(yaml)).Message);

    [Fact]
    public void Missing_file_and_missing_sections_are_told()
    {
        var e = Assert.Throws<QatKitException>(() => RecipeLoader.Load("none.yaml"));
        Assert.Equal("QK1001 none.yaml: the recipe does not exist. 'qatkit list' names the ones that come with the tool.", e.Message);
        e = Assert.Throws<QatKitException>(() => Parse("name: x\n"));
        Assert.Equal(
            """
            2 problems:
            QK1004 r.yaml: the recipe has no key 'model', which is required. Add it.
            QK1004 r.yaml: the recipe has no key 'task', which is required. Add it.
            """, e.Message);
    }

    [Fact]
    public void Recipe_built_in_code_is_checked_too()
    {
        var e = Assert.Throws<QatKitException>(() => RecipeValidator.Check(new Recipe
        {
            Name = "x",
            Model = new ModelSection { Path = "m" },
            Task = new TaskSection { Format = DataFormat.Mrpc, Train = "a", Dev = "b", Type = TaskType.Regression },
            Train = new TrainSection { BatchSize = 0 },
        }));
        Assert.Equal(
            """
            3 problems:
            QK1006 train.batch_size: train.batch_size = 0 is outside 1 to 65536. Use a value within.
            QK1008 task.metric: task.metric = accuracy does not fit task.type = regression. Use pearson or spearman.
            QK1008 task.type: task.type = regression does not fit the data. Only format stsb is a regression.
            """, e.Message);
    }

    [Fact]
    public void Resolved_text_reads_back_to_the_same_recipe()
    {
        var recipe = Parse(Minimal, "sparsity.pattern=2:4", "quantization.ignore=[\"re:.*\\\\.0\\\\..*\", \"re:(b: c)?bert.pooler.dense\"]", "model.dropout=0.05", "task.metric=f1");
        var yaml = RecipeText.ToYaml(recipe);
        var again = Parse(yaml);
        Assert.Equal(yaml, RecipeText.ToYaml(again));
        Assert.Equal(RecipeText.Sha256(recipe), RecipeText.Sha256(again));
        Assert.Equal(recipe.Quantization.Ignore, again.Quantization.Ignore);
        Assert.NotEqual(RecipeText.Sha256(recipe), RecipeText.Sha256(recipe with { Train = recipe.Train with { Seed = 1 } }));
    }

    [Fact]
    public void Texts_of_every_script_read_back_to_themselves()
    {
        var minimal = Parse(Minimal);
        var recipe = minimal with { Model = minimal.Model with { Vocabulary = "größe \ud83d\ude00 \"quoted\" \\ \u00a0\u2028" } };
        Assert.Equal(recipe.Model.Vocabulary, Parse(RecipeText.ToYaml(recipe)).Model.Vocabulary);
    }

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData(".hidden")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("ends.")]
    [InlineData("größe")]
    public void A_name_is_one_that_every_system_takes_for_a_folder(string name)
    {
        var e = Assert.Throws<QatKitException>(() => Parse(Minimal, $"name='{name}'", $"export.output='{name}'"));
        Assert.Equal(
            [
                $"QK1008 --set export.output: export.output = '{name}' cannot be the name of a folder inside the run folder. Use letters, digits, '.', '_' and '-', as in model.",
                $"QK1008 --set name: name = '{name}' cannot be a folder name. Use letters, digits, '.', '_' and '-'.",
            ],
            e.Diagnostics.Select(d => d.ToString()));
    }

    [Theory]
    [InlineData("checkpoints")]
    [InlineData("tensorboard")]
    [InlineData("Vocab.txt")]
    [InlineData("parity.md")]
    public void A_model_cannot_take_the_place_of_the_runs_own_files(string name) => Assert.Equal(
        $"QK1008 --set export.output: export.output = '{name}' is something else in a run folder. Use another name, such as model.",
        Assert.Throws<QatKitException>(() => Parse(Minimal, $"export.output={name}")).Message);

    [Fact]
    public void A_model_that_learns_nothing_and_a_gate_that_cannot_fail_are_contradictions()
    {
        var e = Assert.Throws<QatKitException>(() => Parse(Minimal, "train.epochs=0", "quantization.epochs=0", "task.type=regression", "task.metric=pearson", "verify.min_argmax_agreement=0.9"));
        Assert.Contains("QK1008 --set train.epochs: train.epochs and quantization.epochs are both 0, and model.architecture starts from random weights: nothing would be learned. Raise one of them.", e.Diagnostics.Select(d => d.ToString()));
        Assert.Contains("QK1008 --set verify.min_argmax_agreement: verify.min_argmax_agreement has no effect on a regression, whose one output is always the largest. Remove it.", e.Diagnostics.Select(d => d.ToString()));
    }

    // The tree of a YAML text is built by recursion: without a limit this ends the process.
    [Theory]
    [InlineData("name: ", "[")]
    [InlineData("", "- ")]
    [InlineData("name: ", "{a: ")]
    public void Nesting_without_end_is_refused(string start, string level)
    {
        var text = start + string.Concat(Enumerable.Repeat(level, 50_000));
        var e = Assert.Throws<QatKitException>(() => Parse(text));
        Assert.StartsWith("QK1002 r.yaml(1,", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("): the recipe is not valid YAML: Values are nested in more than 32 levels. Correct the line.", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<QatKitException>(() => Parse(Minimal, "name=" + level + text));
        Assert.StartsWith("QK1009 --set name: the value '", e.Message, StringComparison.Ordinal);
    }

    // Whatever the text, the answer is a recipe or a message.
    [Fact]
    public void Damaged_recipes_never_crash()
    {
        const string Marks = "[]{}:,&*!|>'\"%@`#?- \n\t\u0000~x9";
        var good = File.ReadAllText(RepositoryRoot.Combine("recipes/sst2_bert_tiny_int8_24.yaml"));
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Int[0, 4], Gen.Char[Marks].Array[0, 4]).Sample((at, cut, put) =>
        {
            try
            {
                Parse(good[..at] + new string(put) + good[Math.Min(good.Length, at + cut)..]);
            }
            catch (QatKitException)
            {
                // Told.
            }
        }, iter: 2000, threads: 1);
    }

    public static TheoryData<string> RecipeFiles =>
        [.. Directory.EnumerateFiles(RepositoryRoot.Combine("recipes"), "*.yaml", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(RepositoryRoot.Folder, f)).Order()];

    [Theory]
    [MemberData(nameof(RecipeFiles))]
    public void Every_recipe_of_the_repository_is_valid(string file)
    {
        var loaded = RecipeLoader.Load(RepositoryRoot.Combine(file));
        Assert.Equal(Path.GetFileNameWithoutExtension(file), loaded.Recipe.Name);
        // A recipe is a document: its header says how to run it and what to expect.
        foreach (var word in new[] { "Needs", "Run", "Override", "Expect" }) Assert.Contains($"# {word}", loaded.Text, StringComparison.Ordinal);
    }

    private static Recipe Parse(string yaml, params string[] overrides) => RecipeLoader.Parse(yaml, "r.yaml", "/", overrides).Recipe;
}

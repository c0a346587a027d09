using System.Text.RegularExpressions;
using QatKit.Cli.CommandLine;
using QatKit.Core.Artifact;
using QatKit.TestKit;

namespace QatKit.Cli.Tests;

/// <summary>What a user reads when an input is wrong: the whole message.</summary>
public sealed partial class BadInputTests : IDisposable
{
    private readonly ModelFixture _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public async Task A_recipe_with_five_mistakes_reports_all_five()
    {
        using var folder = new TempFolder();
        var recipe = folder.WriteText("bad.yaml",
            """
            name: bad
            model:
              architecture: { layers: two, hidden: 64, heads: 2, intermediate: 128 }
              vocabulary: builtin:reviews
            task:
              data: builtin:reviews
              max_lenght: 32
            train:
              epochs: -1
              optimizer: sgd
            quantization:
              calibrator: magic
            """);
        var (code, output, error) = await CliRunner.Run("validate", recipe);
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        // The list of keys grows with the recipe format; its own tests pin it.
        var text = KeyList().Replace(error.Replace(recipe, "bad.yaml", StringComparison.Ordinal), "The keys are ....");
        Assert.Equal(
            """
            error QK1005 bad.yaml(3,27): model.architecture.layers = 'two' has the wrong type. Write a whole number.
            error QK1003 bad.yaml(7,3): unknown key 'max_lenght' in task. Did you mean 'max_length'? The keys are ....
            error QK1003 bad.yaml(10,3): unknown key 'optimizer' in train. The keys are ....
            error QK1007 bad.yaml(12,15): quantization.calibrator = 'magic' is unknown. Use max, moving_average, percentile or mse.
            error QK1006 bad.yaml(9,11): train.epochs = -1 is outside 0 to 1000. Use a value within.

            """.ReplaceLineEndings("\n"), text);
    }

    [Fact]
    public async Task Validate_tells_patterns_that_match_nothing_and_what_is_missing()
    {
        using var folder = new TempFolder();
        var recipe = folder.WriteText("r.yaml",
            """
            name: r
            model:
              architecture: { layers: 1, hidden: 24, heads: 2, intermediate: 40 }
              vocabulary: builtin:reviews
            task: { data: builtin:reviews, max_length: 32 }
            quantization:
              targets: ["bert.encodr.*"]
              ignore: ["re:("]
            sparsity: { pattern: "2:4" }
            """);
        var (code, output, error) = await CliRunner.Run("validate", recipe);
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        var lines = error.Replace(recipe, "r.yaml", StringComparison.Ordinal).TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("error QK2010 r.yaml(7,12): 'bert.encodr.*' matches no layer.", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("error QK2011 r.yaml(8,11): 're:(' is not a valid pattern: ", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("error QK3005 r.yaml(9,11): no chosen layer can be pruned: ", lines[2], StringComparison.Ordinal);

        recipe = folder.WriteText("files.yaml",
            """
            name: files
            model: { path: model, vocabulary: words.txt }
            task: { format: sst2, train: train.tsv, dev: dev.tsv }
            """);
        (code, output, error) = await CliRunner.Run("validate", recipe);
        string Missing(string key, string kind, string name) =>
            $"error QK1010 {key}: the {kind} '{folder.Combine(name)}' does not exist. Put it there, or correct the path; paths are relative to the recipe's folder.\n";
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.Equal(Missing("model.path", "folder", "model") + Missing("model.vocabulary", "file", "words.txt") + Missing("task.train", "file", "train.tsv") + Missing("task.dev", "file", "dev.tsv"), error);
    }

    [Fact]
    public async Task Missing_files_are_told_with_the_problems_of_the_text()
    {
        using var folder = new TempFolder();
        var recipe = folder.WriteText("r.yaml",
            """
            name: r
            model: { path: model, vocabulary: }
            task: { format: sst2, train: train.tsv, dev: [] }
            export: {}
            """);
        string Missing(string kind, string name) => $"the {kind} '{folder.Combine(name)}' does not exist. Put it there, or correct the path; paths are relative to the recipe's folder.\n";
        var expected = $"""
            error QK1005 r.yaml(3,46): task.dev = a nested value has the wrong type. Write a text.
            error QK1010 r.yaml(2,16): {Missing("folder", "model")}error QK1010 r.yaml(3,30): {Missing("file", "train.tsv")}
            """;
        foreach (var verb in new[] { "validate", "run" })
        {
            var (code, output, error) = await CliRunner.Run(verb, recipe);
            Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
            Assert.Equal(expected, error.Replace(recipe, "r.yaml", StringComparison.Ordinal), ignoreLineEndingDifferences: true);
        }

        // No section at all.
        var (_, _, empty) = await CliRunner.Run("validate", folder.WriteText("empty.yaml", "name: r\n"));
        Assert.Equal(["QK1004", "QK1004"], empty.TrimEnd().Split('\n').Select(l => l.Split(' ')[1]));
    }

    [Fact]
    public async Task Validate_looks_into_the_checkpoint()
    {
        using var folder = new TempFolder();
        folder.WriteText("model/config.json", "{ \"num_hidden_layers\": 1, \"hidden_size\": 16, \"num_attention_heads\": 2, \"intermediate_size\": 32 }");
        folder.WriteText("dev.tsv", "sentence\tlabel\n");
        var recipe = folder.WriteText("r.yaml", "name: r\nmodel: { path: model }\ntask: { format: sst2, train: dev.tsv, dev: dev.tsv }\nquantization: { targets: [\"*.layer.7.*\"] }\n");
        var (code, output, error) = await CliRunner.Run("validate", recipe);
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.Equal(["QK1111", "QK2026", "QK2010"], error.TrimEnd().Split('\n').Select(l => l.Split(' ')[1]));
    }

    [Fact]
    public async Task Validate_compares_the_recipe_with_its_checkpoint()
    {
        using var folder = new TempFolder();
        folder.WriteText("model/config.json", "{ \"num_hidden_layers\": 1, \"hidden_size\": 16, \"num_attention_heads\": 2, \"intermediate_size\": 32, \"vocab_size\": 5, \"max_position_embeddings\": 64 }");
        folder.WriteText("model/tokenizer_config.json", "{ \"do_lower_case\": false }");
        folder.WriteText("model/model.safetensors", "");
        folder.WriteText("words.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nfilm\n");
        folder.WriteText("garbage.txt", "film\n");
        folder.WriteText("dev.tsv", "sentence\tlabel\n");
        string Recipe(string vocabulary) => $"name: r\nmodel: {{ path: model, vocabulary: {vocabulary} }}\ntask: {{ format: sst2, train: dev.tsv, dev: dev.tsv, max_length: 128 }}\n";
        var (code, output, error) = await CliRunner.Run("validate", folder.WriteText("r.yaml", Recipe("words.txt")));
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.Equal("""
            error QK1120 model.vocabulary: the vocabulary has 6 tokens, the model knows 5. Use the vocabulary that belongs to the model.
            error QK1120 task.max_length: task.max_length = 128 exceeds the model's 64 positions. Lower it.
            error QK1120 model.lower_case: model.lower_case = true, but tokenizer_config.json of the model says do_lower_case = false. Set model.lower_case: false.

            """, error, ignoreLineEndingDifferences: true);
        (code, output, error) = await CliRunner.Run("validate", folder.WriteText("r.yaml", Recipe("garbage.txt")));
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.Equal(["QK1111", "QK1120"], error.TrimEnd().Split('\n').Select(l => l.Split(' ')[1]).Distinct());
    }

    [Fact]
    public async Task A_missing_recipe_says_where_to_look()
    {
        var (code, output, error) = await CliRunner.Run("validate", "no/such.yaml");
        Assert.Equal((ExitCode.InvalidInput, "", "error QK5101 no/such: neither a recipe file nor the name of a recipe. 'qatkit list' shows the names.\n"), (code, output, error));
    }

    [Fact]
    public async Task A_missing_model_folder()
    {
        var folder = Path.Combine(Path.GetTempPath(), "no-such-model-of-qatkit");
        foreach (var verb in (string[][])[["inspect", folder], ["predict", folder, "fine"]])
        {
            var (code, output, error) = await CliRunner.Run(verb);
            Assert.Equal((ExitCode.InvalidInput, "", $"error QK4010 {folder}: the folder does not exist.\n"), (code, output, error));
        }
    }

    [Fact]
    public async Task A_corrupt_artifact_is_refused_by_its_checksum()
    {
        var file = _model.Combine(ArtifactFiles.Tensors);
        var sum = Sum(file);
        var bytes = File.ReadAllBytes(file);
        bytes[^100] ^= 1;
        File.WriteAllBytes(file, bytes);
        var (code, output, error) = await CliRunner.Run("predict", _model.Folder, "fine");
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.Equal($"error QK4012 {file}: the SHA-256 sum is {Sum(file)}, SHA256SUMS says {sum}. The file is damaged or was changed: copy or export the artifact again.\n", error);
    }

    [Fact]
    public async Task A_token_id_out_of_range()
    {
        var (code, output, error) = await CliRunner.Run("predict", _model.Folder, "--tokens", "2,99999,3");
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.Equal($"error QK5003 batch[0][1]: token id 99999 is outside 0..{_model.Architecture.VocabSize - 1}. Use the model's own vocabulary.\n", error);
    }

    [Fact]
    public async Task A_sequence_that_is_too_long()
    {
        var (code, output, error) = await CliRunner.Run("predict", _model.Folder, "--tokens", string.Join(',', Enumerable.Repeat(3, 17)));
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.Equal("error QK5002 batch[0]: the sequence has 17 tokens, the model's limit is 16. Truncate the text.\n", error);
    }

    [Fact]
    public async Task An_empty_sequence()
    {
        var (code, output, error) = await CliRunner.Run("predict", _model.Folder, "--tokens", ",");
        Assert.Equal((ExitCode.InvalidInput, "", "error QK5001 batch[0]: the sequence has no tokens. Pass at least one token.\n"), (code, output, error));
    }

    [Fact]
    public async Task A_missing_text_file()
    {
        var file = _model.Combine("none.txt");
        var (code, output, error) = await CliRunner.Run("predict", _model.Folder, "--file", file);
        Assert.Equal((ExitCode.InvalidInput, "", $"error QK5100: Could not find file '{file}'. Check the path and its permissions.\n"), (code, output, error));
    }

    [Theory]
    [InlineData("Pass exactly one of: a text, --file, --tokens.")]
    [InlineData("Pass exactly one of: a text, --file, --tokens.", "a text", "--tokens", "1")]
    [InlineData("'x' in --tokens is not an integer.", "--tokens", "1,x")]
    public async Task Unclear_predict_arguments_are_usage_errors(string message, params string[] arguments)
    {
        var (code, output, error) = await CliRunner.Run(["predict", _model.Folder, .. arguments]);
        Assert.Equal((ExitCode.Usage, "", message + "\n\n"), (code, output, error));
    }

    [Fact]
    public async Task Verbose_adds_the_stack_trace()
    {
        var (_, _, quiet) = await CliRunner.Run("predict", _model.Folder, "--tokens", ",");
        var (_, _, verbose) = await CliRunner.Run("predict", _model.Folder, "--tokens", ",", "--verbose");
        Assert.DoesNotContain("   at ", quiet, StringComparison.Ordinal);
        Assert.Contains("   at QatKit.Core.Graph.TokenBatchValidator.Check", verbose, StringComparison.Ordinal);
        Assert.EndsWith(quiet, verbose, StringComparison.Ordinal);
    }

    [GeneratedRegex("The keys are [^.]*\\.")]
    private static partial Regex KeyList();

    private static string Sum(string file) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)));
}

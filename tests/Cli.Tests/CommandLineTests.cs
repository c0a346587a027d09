using System.Globalization;
using QatKit.Cli.CommandLine;
using QatKit.Cli.Recipes;
using QatKit.Core.Diagnostics;
using QatKit.TestKit;

namespace QatKit.Cli.Tests;

public sealed class CommandLineTests
{
    public static TheoryData<string> Verbs => [.. QatKitCli.CreateRoot(Quiet()).Subcommands.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Help_of_every_verb_ends_with_an_example_that_parses(string verb)
    {
        var (code, output, error) = await CliRunner.Run(verb, "--help");
        Assert.Equal((ExitCode.Ok, ""), (code, error));
        var lines = output.TrimEnd().Split('\n');
        Assert.Equal("Example:", lines[^2]);
        var example = lines[^1].Trim();
        Assert.StartsWith($"qatkit {verb}", example, StringComparison.Ordinal);
        Assert.Empty(QatKitCli.CreateRoot(Quiet()).Parse(example["qatkit ".Length..]).Errors);
    }

    [Fact]
    public async Task No_arguments_show_help_and_are_a_usage_error()
    {
        var (code, output, _) = await CliRunner.Run();
        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains("Commands:", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_verb_gets_a_suggestion()
    {
        var (code, output, error) = await CliRunner.Run("lst");
        Assert.Equal(ExitCode.Usage, code);
        Assert.Equal("'lst' was not matched. Did you mean one of the following?\nlist\n\n", output);
        Assert.Equal("Required command was not provided.\nUnrecognized command or argument 'lst'.\n\n", error);
    }

    [Fact]
    public async Task A_missing_argument_is_named()
    {
        var (code, output, error) = await CliRunner.Run("cp");
        Assert.Equal((ExitCode.Usage, "", "Required argument 'name' missing for command: 'cp'.\n\n"), (code, output, error));
    }

    [Fact]
    public async Task Output_is_the_same_under_a_Turkish_culture()
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
            var expected = await CliRunner.Run("doctor", "--json");
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("tr-TR");
            Assert.Equal(expected, await CliRunner.Run("doctor", "--json"));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public async Task An_existing_target_of_cp_is_kept()
    {
        using var folder = new TempFolder();
        var target = folder.WriteText("mine.yaml", "precious");
        var (code, output, error) = await CliRunner.Run("cp", "quickstart", target);
        Assert.Equal((ExitCode.InvalidInput, "", $"error QK5102 {target}: already exists. Give another name, or remove it first.\n"), (code, output, error));
        Assert.Equal("precious", File.ReadAllText(target));
    }

    [Fact]
    public async Task Cp_names_the_copy_after_its_file_and_changes_nothing_else()
    {
        using var folder = new TempFolder();
        var target = folder.Combine("mine.yaml");
        var (code, output, error) = await CliRunner.Run("cp", "quickstart", target);
        Assert.Equal((ExitCode.Ok, $"Copied quickstart to {target}.\n", ""), (code, output, error));
        Assert.Equal(
            File.ReadAllText(RepositoryRoot.Combine("recipes", "quickstart.yaml")).Replace("\nname: quickstart\n", "\nname: mine\n", StringComparison.Ordinal),
            File.ReadAllText(target));
        Assert.Equal((ExitCode.Ok, "mine: valid.\n", ""), await CliRunner.Run("validate", target));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("True")]
    [InlineData("1e5")]
    [InlineData("07")]
    [InlineData("_")]
    public async Task A_copy_keeps_a_name_that_YAML_reads_otherwise(string name)
    {
        using var folder = new TempFolder();
        var target = folder.Combine(name + ".yaml");
        Assert.Equal(ExitCode.Ok, (await CliRunner.Run("cp", "quickstart", target)).Code);
        Assert.Equal((ExitCode.Ok, $"{name}: valid.\n", ""), await CliRunner.Run("validate", target));
    }

    [Fact]
    public async Task The_paths_of_a_copy_lead_to_the_same_files()
    {
        using var folder = new TempFolder();
        var target = folder.Combine("deep", "er", "mine.yaml");
        Assert.Equal(ExitCode.Ok, (await CliRunner.Run("cp", "sst2_bert_tiny_int8_24", target)).Code);
        var (original, copy) = (RecipeFile.Load("sst2_bert_tiny_int8_24", []), RecipeFile.Load(target, []));
        Assert.Equal(original.Resolve(original.Recipe.Model.Path!), copy.Resolve(copy.Recipe.Model.Path!));
        Assert.Equal(original.Resolve(original.Recipe.Task.Dev!), copy.Resolve(copy.Recipe.Task.Dev!));
        Assert.False(Path.IsPathRooted(copy.Recipe.Task.Dev!));
        Assert.Equal(original.Text.Split('\n').Length, copy.Text.Split('\n').Length);
        Assert.Contains("  max_length: 64          # the positions that the model was pre-trained on; longer texts are cut", copy.Text.Split('\n'));
    }

    [Theory]
    [InlineData("my film.yaml", "my film")]
    [InlineData(".hidden.yaml", ".hidden")]
    [InlineData("nul.yaml", "nul")]
    [InlineData("Com1.two.yaml", "Com1.two")]
    public async Task Cp_refuses_a_name_that_no_run_can_have(string file, string name)
    {
        using var folder = new TempFolder();
        var target = folder.Combine(file);
        var (code, output, error) = await CliRunner.Run("cp", "quickstart", target);
        Assert.Equal((ExitCode.InvalidInput, "", $"error QK5106 {target}: a recipe is named after its file, and '{name}' cannot be the name of a run. Use letters, digits, '.', '_' and '-'.\n"), (code, output, error));
        Assert.False(File.Exists(target));
    }

    [Fact]
    public async Task Cp_makes_missing_folders_and_says_when_it_cannot()
    {
        using var folder = new TempFolder();
        var target = folder.Combine("new", "mine.yaml");
        var (code, output, error) = await CliRunner.Run("cp", "quickstart", target);
        Assert.Equal((ExitCode.Ok, $"Copied quickstart to {target}.\n", ""), (code, output, error));

        var below = Path.Combine(target, "mine.yaml"); // a file is no folder
        (code, output, error) = await CliRunner.Run("cp", "quickstart", below);
        Assert.Equal((ExitCode.InvalidInput, ""), (code, output));
        Assert.StartsWith($"error QK4008 {below}: the file cannot be written: ", error, StringComparison.Ordinal);
        Assert.EndsWith(" Check the folder's rights and the free space.\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_misspelt_recipe_gets_a_suggestion()
    {
        var (code, _, error) = await CliRunner.Run("cp", "quikstart");
        Assert.Equal((ExitCode.InvalidInput, "error QK5101 quikstart: neither a recipe file nor the name of a recipe. Did you mean 'quickstart'? 'qatkit list' shows the names.\n"), (code, error));
    }

    [Fact]
    public async Task List_names_every_recipe_with_its_purpose()
    {
        var (code, output, _) = await CliRunner.Run("list");
        Assert.Equal(ExitCode.Ok, code);
        foreach (var file in Directory.EnumerateFiles(RepositoryRoot.Combine("recipes"), "*.yaml", SearchOption.AllDirectories))
        {
            var line = Assert.Single(output.Split('\n'), l => l.StartsWith(Path.GetFileNameWithoutExtension(file) + " ", StringComparison.Ordinal));
            Assert.True(line.Length > Path.GetFileName(file).Length + 10, $"{file} has no purpose in its first comment line.");
        }
    }

    [Fact]
    public void Exceptions_become_messages_and_exit_codes()
    {
        (int Code, string Error) Report(Exception e)
        {
            using var error = new StringWriter();
            var code = QatKitCli.Report(e, new CommandContext(TextWriter.Null, error, isTerminal: false, noColor: true));
            return (code, error.ToString().ReplaceLineEndings("\n"));
        }

        Assert.Equal((ExitCode.Cancelled, "cancelled\n"), Report(new OperationCanceledException()));
        Assert.Equal(
            (ExitCode.EnvironmentMissing, "error QK5105 libtorch: the native library cannot be loaded: no libLibTorchSharp 'qatkit doctor' shows what is missing; inference does not need it.\n"),
            Report(new TypeInitializationException("torch", new DllNotFoundException("no libLibTorchSharp"))));
        foreach (var e in (Exception[])[new System.ComponentModel.Win32Exception(12, "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes.\nat frame 1"), new InsufficientMemoryException("DefaultCPUAllocator: can't allocate memory")])
        {
            var (code, error) = Report(e);
            Assert.Equal(ExitCode.EnvironmentMissing, code);
            Assert.Equal($"error QK5108 memory: {e.Message.Split('\n')[0].TrimEnd('.')}. Lower train.batch_size or task.max_length of a recipe, or use a smaller model.\n", error);
        }

        Assert.Equal((ExitCode.EnvironmentMissing, "error QK5050 tier: absent.\n"), Report(new QatKitException("QK5050", "tier", "absent.")));
        Assert.Equal(
            (ExitCode.InvalidInput, "error QK5050 tier: absent.\nerror QK5051 threads: -1.\n"),
            Report(new QatKitException([new Diagnostic("QK5050", "tier", "absent."), new Diagnostic("QK5051", "threads", "-1.")])));
        Assert.Equal(
            (ExitCode.Internal, "internal error: InvalidOperationException: oops\nThis is a bug of QatKit. Run again with --verbose and report the stack trace.\n"),
            Report(new InvalidOperationException("oops")));
    }

    private static CommandContext Quiet() => new(TextWriter.Null, TextWriter.Null, isTerminal: false, noColor: true);
}

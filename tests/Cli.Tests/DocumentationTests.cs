using QatKit.Cli.CommandLine;
using QatKit.TestKit;

namespace QatKit.Cli.Tests;

/// <summary>Commands in README and docs are ones that the tool takes, and links lead somewhere. What the commands do is for <see cref="DocumentedCommandsTests"/>.</summary>
public sealed class DocumentationTests
{
    private const string Prefix = "dotnet run --project src/Cli -c Release -- ";

    public static TheoryData<string> Pages =>
        [.. Directory.EnumerateFiles(RepositoryRoot.Combine("docs"), "*.md").Prepend(RepositoryRoot.Combine("README.md")).Select(f => Path.GetRelativePath(RepositoryRoot.Folder, f))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_command_parses_and_every_recipe_it_names_exists(string page)
    {
        var root = QatKitCli.CreateRoot(new CommandContext(TextWriter.Null, TextWriter.Null, isTerminal: false, noColor: true));
        foreach (var command in Commands(page))
        {
            var errors = root.Parse(command).Errors;
            Assert.True(errors.Count == 0, $"{page}: qatkit {command}: {string.Join(' ', errors)}");
            foreach (var recipe in command.Split(' ').Where(w => w.StartsWith("recipes/", StringComparison.Ordinal)))
                Assert.True(File.Exists(RepositoryRoot.Combine(recipe)), $"{page}: {recipe} does not exist.");
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_relative_link_leads_to_a_file(string page)
    {
        var folder = Path.GetDirectoryName(RepositoryRoot.Combine(page))!;
        foreach (var part in File.ReadAllText(RepositoryRoot.Combine(page)).Split("](").Skip(1))
        {
            var target = part[..part.IndexOf(')', StringComparison.Ordinal)].Split('#')[0];
            if (target.Length == 0 || target.Contains("://", StringComparison.Ordinal)) continue;
            Assert.True(Path.Exists(Path.Combine(folder, target)), $"{page} links to {target}, which does not exist.");
        }
    }

    [Fact]
    public void Readme_starts_with_the_two_commands()
    {
        var lines = File.ReadLines(RepositoryRoot.Combine("README.md")).Take(20).ToList();
        Assert.Contains(Prefix + "run recipes/quickstart.yaml", lines);
        Assert.Contains("dotnet test", lines);
    }

    /// <summary>Every command of the pages and of <c>--help</c>, each once, in the order of the pages.</summary>
    internal static IReadOnlyList<string> AllCommands()
    {
        var root = QatKitCli.CreateRoot(new CommandContext(TextWriter.Null, TextWriter.Null, isTerminal: false, noColor: true));
        var examples = root.Subcommands.OfType<VerbCommand>().Select(v => v.Example["qatkit ".Length..]);
        return [.. Directory.EnumerateFiles(RepositoryRoot.Combine("docs"), "*.md").Order(StringComparer.Ordinal).Prepend(RepositoryRoot.Combine("README.md")).SelectMany(Commands).Concat(examples).Distinct()];
    }

    // Lines of code blocks that start with the tool's name, or with the long form.
    private static IEnumerable<string> Commands(string page)
    {
        var code = false;
        foreach (var line in File.ReadLines(RepositoryRoot.Combine(page)))
        {
            if (line.StartsWith("```", StringComparison.Ordinal)) code = !code;
            else if (code && line.StartsWith("qatkit ", StringComparison.Ordinal)) yield return line["qatkit ".Length..];
            else if (code && line.StartsWith(Prefix, StringComparison.Ordinal)) yield return line[Prefix.Length..];
        }
    }
}

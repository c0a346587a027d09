using System.Reflection;
using QatKit.Core.Diagnostics;

namespace QatKit.Cli.Recipes;

/// <summary>The recipes that come with the tool, by name.</summary>
internal static class RecipeCatalog
{
    private const string Prefix = "recipes/";
    private const string Suffix = ".yaml";
    private static readonly Assembly Owner = typeof(RecipeCatalog).Assembly;

    /// <summary>Names, for example <c>quickstart</c>.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. Owner.GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal) && n.EndsWith(Suffix, StringComparison.Ordinal))
            .Select(n => n[Prefix.Length..^Suffix.Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Text of a recipe.</summary>
    /// <exception cref="QatKitException">QK5101: there is no recipe of that name.</exception>
    public static string Read(string name)
    {
        using var stream = Owner.GetManifestResourceStream(Prefix + name + Suffix)
            ?? throw new QatKitException("QK5101", name, $"neither a recipe file nor the name of a recipe.{Suggestion.For(name, Names)} 'qatkit list' shows the names.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>The purpose that the recipe's own header states: the text after <c># Purpose</c>, up to its first full stop.</summary>
    public static string Summary(string name)
    {
        const string Mark = "# Purpose";
        var lines = Read(name).Split('\n').SkipWhile(l => !l.StartsWith(Mark, StringComparison.Ordinal)).ToList();
        if (lines.Count == 0) return "";
        // Continuation lines are indented further than one blank.
        var rest = lines.Skip(1).TakeWhile(l => l.StartsWith("#  ", StringComparison.Ordinal)).Select(l => l[1..].Trim());
        var text = string.Join(' ', rest.Prepend(lines[0][Mark.Length..].Trim()));
        var end = text.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? text : text[..(end + 1)];
    }
}

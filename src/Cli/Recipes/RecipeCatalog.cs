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

    /// <summary>The first line of a recipe: a comment that states its purpose.</summary>
    public static string Summary(string name) => Read(name).Split('\n')[0].TrimStart('#', ' ').TrimEnd();
}

using System.Text.RegularExpressions;
using QatKit.Core.Diagnostics;

namespace QatKit.Quantization.Placement;

/// <summary>A pattern over module paths: a glob (<c>*</c> any text, <c>?</c> one character) or <c>re:</c> and a regular expression.</summary>
/// <remarks>The whole path must match.</remarks>
public sealed class NamePattern
{
    private readonly Regex _regex;

    private NamePattern(string text, Regex regex)
    {
        Text = text;
        _regex = regex;
    }

    /// <summary>The pattern as written.</summary>
    public string Text { get; }

    /// <summary>Parses a pattern; an invalid regular expression is reported and gives null.</summary>
    /// <param name="text">The pattern.</param>
    /// <param name="location">For the message, for example <c>quantization.ignore</c>.</param>
    /// <param name="problems">Receives QK2011.</param>
    public static NamePattern? TryParse(string text, string location, DiagnosticBag problems)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(problems);
        try
        {
            var body = text.StartsWith("re:", StringComparison.Ordinal)
                ? text[3..]
                : Regex.Escape(text).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal);
            return new NamePattern(text, new Regex($"^(?:{body})$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            problems.Add("QK2011", location, $"'{text}' is not a valid pattern: {e.Message} Use a glob such as *.intermediate.dense, or re: and a regular expression.");
            return null;
        }
    }

    /// <summary>True when the whole path matches.</summary>
    public bool IsMatch(string path) => _regex.IsMatch(path);

    /// <summary>The names among <paramref name="candidates"/> that any of the patterns matches.</summary>
    /// <param name="patterns">Patterns as written.</param>
    /// <param name="location">For messages.</param>
    /// <param name="candidates">Module paths.</param>
    /// <param name="problems">Receives QK2010 for a pattern that matches nothing, QK2011 for an invalid one.</param>
    public static IReadOnlySet<string> Select(IEnumerable<string> patterns, string location, IReadOnlyCollection<string> candidates, DiagnosticBag problems)
    {
        ArgumentNullException.ThrowIfNull(patterns);
        ArgumentNullException.ThrowIfNull(problems);
        var selected = new HashSet<string>();
        foreach (var text in patterns)
        {
            if (TryParse(text, location, problems) is not { } pattern) continue;
            var matches = candidates.Where(pattern.IsMatch).ToList();
            if (matches.Count == 0)
                problems.Add("QK2010", location, $"'{text}' matches no layer.{Suggestion.For(text, candidates)} Layers look like '{candidates.First()}'.");
            selected.UnionWith(matches);
        }

        return selected;
    }

    /// <summary>The pattern as written.</summary>
    public override string ToString() => Text;
}

using System.Text.RegularExpressions;
using QatKit.TestKit;

namespace QatKit.Core.Tests.Docs;

/// <summary>docs/errors.md and the source name the same error codes.</summary>
public sealed partial class ErrorCodeTests
{
    [Fact]
    public void Every_code_in_the_source_has_one_heading_and_every_heading_a_code()
    {
        var used = Directory.EnumerateFiles(RepositoryRoot.Combine("src"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => LiteralCode().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value)).ToHashSet();
        var headings = Headings();
        Assert.NotEmpty(used);
        Assert.Empty(used.Except(headings).Order().Select(c => $"{c} is used in src but has no heading in docs/errors.md."));
        Assert.Empty(headings.Except(used).Order().Select(c => $"{c} has a heading in docs/errors.md but is not used in src."));
    }

    [Fact]
    public void Headings_are_unique_and_sorted()
    {
        var headings = Headings();
        Assert.Equal(headings.Distinct().Order(StringComparer.Ordinal), headings);
    }

    [Fact]
    public void Every_heading_has_a_title_and_a_paragraph()
    {
        var text = File.ReadAllText(RepositoryRoot.Combine("docs", "errors.md"));
        var sections = Heading().Split(text).Skip(1).Chunk(2).ToList();
        Assert.All(sections, s => Assert.True(s[1].Trim().Split('\n') is [{ Length: > 3 }, _, { Length: > 40 }, ..], $"{s[0]} lacks a title or a paragraph."));
    }

    private static List<string> Headings() =>
        [.. Heading().Matches(File.ReadAllText(RepositoryRoot.Combine("docs", "errors.md"))).Select(m => m.Groups[1].Value)];

    [GeneratedRegex("\"(QK[0-9]{4})\"")]
    private static partial Regex LiteralCode();

    [GeneratedRegex("^## (QK[0-9]{4})\\b", RegexOptions.Multiline)]
    private static partial Regex Heading();
}

using System.Text;
using System.Text.Json;
using QatKit.TestKit;

namespace QatKit.Text.Tests;

/// <summary>The tokens are those of Hugging Face's tokenizers 0.13.4 (BertNormalizer, BertPreTokenizer, WordPiece over the
/// bert-base-uncased vocabulary), which wrote bert-tokens.jsonl: chosen texts, then random ones from many scripts.</summary>
public sealed class PublishedTokenizerTests
{
    [Fact]
    public void Words_are_those_of_the_published_tokenizer()
    {
        foreach (var line in Lines())
        {
            AssertSame(line.Uncased, BasicTokenizer.Split(line.Text, lowerCase: true).TrimEnd(' '), line.Text);
            AssertSame(line.Cased, BasicTokenizer.Split(line.Text, lowerCase: false).TrimEnd(' '), line.Text);
        }
    }

    [Fact]
    public void Ids_are_those_of_the_published_tokenizer()
    {
        var encoder = new BertTextEncoder(Vocabulary.Load(SharedData.Require("models/bert-tiny-uncased-mlm/vocab.txt")));
        foreach (var line in Lines()) Assert.Equal(line.Ids, encoder.Encode(line.Text).InputIds[1..^1]);
    }

    // As the qatkit tool runs: without ICU, string.Normalize returns its input.
    [Fact]
    public async Task Words_are_the_same_with_invariant_globalization() =>
        await ChildTest.Run(typeof(PublishedTokenizerTests), nameof(Words_are_those_of_the_published_tokenizer), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1");

    // The table must not depend on ICU, so ICU can check it.
    [Fact]
    public void Accents_are_stripped_as_canonical_decomposition_does()
    {
        if ("é".Normalize(NormalizationForm.FormD).Length == 1) Assert.Skip("this process runs with invariant globalization");
        for (var c = 0x80; c < 0x30000; c++)
        {
            var isNoCharacter = c is >= 0xFDD0 and <= 0xFDEF || (c & 0xFFFE) == 0xFFFE;
            // What came after Unicode 14 is not in the table yet.
            var isNew = c is (>= 0x105C9 and <= 0x105E4) or (>= 0x11380 and <= 0x113FF) or (>= 0x16120 and <= 0x16D6F);
            if (isNoCharacter || isNew || !Rune.TryCreate(c, out var character)) continue;
            var expected = string.Concat(character.ToString().Normalize(NormalizationForm.FormD).EnumerateRunes()
                .Where(r => Rune.GetUnicodeCategory(r) != System.Globalization.UnicodeCategory.NonSpacingMark));
            AssertSame(expected, string.Concat(Accents.Strip(character).ToArray()), $"U+{c:X4}");
        }
    }

    private static void AssertSame(string expected, string actual, string text) =>
        Assert.True(string.Equals(expected, actual, StringComparison.Ordinal), $"'{text}': expected '{expected}', actual '{actual}'");

    private static IEnumerable<Line> Lines()
    {
        using var reader = new StreamReader(typeof(PublishedTokenizerTests).Assembly.GetManifestResourceStream("bert-tokens.jsonl")!);
        while (reader.ReadLine() is { } text) yield return JsonSerializer.Deserialize<Line>(text, JsonSerializerOptions.Web)!;
    }

    private sealed record Line(string Text, string Uncased, string Cased, int[] Ids);
}

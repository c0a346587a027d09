using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace QatKit.Text;

// Takes a character's accents off: canonical decomposition (NFD) without its nonspacing marks.
// string.Normalize returns its input where a program runs with invariant globalization, and otherwise knows what the
// machine's ICU knows; the tokens of a text must not depend on either. So the decompositions of the Unicode Character
// Database 14.0 stand in accents.txt, one line for each result: "41: C0 C1" says that U+00C0 and U+00C1 become U+0041.
// (Unicode never changes the decomposition of a character, it only adds characters.)
internal static class Accents
{
    private const int HangulFirst = 0xAC00, HangulCount = 11_172, HangulVowels = 21, HangulTails = 28;

    private static readonly FrozenDictionary<int, Rune[]> Bases = Load();

    // The characters that remain, none for an accent.
    public static ReadOnlySpan<Rune> Strip(in Rune character)
    {
        if (character.IsAscii) return new(in character);
        if (Rune.GetUnicodeCategory(character) == UnicodeCategory.NonSpacingMark) return [];
        if ((uint)(character.Value - HangulFirst) < HangulCount) return Jamo(character.Value - HangulFirst);
        return Bases.TryGetValue(character.Value, out var bases) ? bases : new ReadOnlySpan<Rune>(in character);
    }

    // Hangul syllables decompose by arithmetic (The Unicode Standard, section 3.12).
    private static Rune[] Jamo(int syllable)
    {
        var lead = new Rune(0x1100 + syllable / (HangulVowels * HangulTails));
        var vowel = new Rune(0x1161 + syllable / HangulTails % HangulVowels);
        return syllable % HangulTails is > 0 and var tail ? [lead, vowel, new Rune(0x11A7 + tail)] : [lead, vowel];
    }

    private static FrozenDictionary<int, Rune[]> Load()
    {
        using var reader = new StreamReader(typeof(Accents).Assembly.GetManifestResourceStream("accents.txt")!);
        var bases = new Dictionary<int, Rune[]>();
        while (reader.ReadLine() is { } line)
        {
            var colon = line.IndexOf(':');
            var result = Array.ConvertAll(Numbers(line[..colon]), n => new Rune(n));
            foreach (var character in Numbers(line[(colon + 2)..])) bases.Add(character, result);
        }

        return bases.ToFrozenDictionary();
    }

    private static int[] Numbers(string text) =>
        Array.ConvertAll(text.Split(' '), n => int.Parse(n, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
}

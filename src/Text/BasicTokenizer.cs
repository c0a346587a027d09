using System.Globalization;
using System.Text;

namespace QatKit.Text;

// The first half of BERT's tokenization, as Hugging Face's BertNormalizer and BertPreTokenizer do it: drops control
// characters, sets ideographs and punctuation apart, and for uncased models strips accents and lower-cases.
// Microsoft.ML.Tokenizers has its own: it glues the words of two lines together, keeps invisible characters, drops
// vowel signs, and strips no accents without ICU.
internal static class BasicTokenizer
{
    // The words, each with one space behind it.
    public static string Split(string text, bool lowerCase)
    {
        var words = new StringBuilder(text.Length + text.Length / 4);
        foreach (var character in text.EnumerateRunes()) // half of a surrogate pair comes as U+FFFD
        {
            if (IsSpace(character)) EndWord();
            else if (IsInvisible(character)) continue;
            else if (IsIdeograph(character.Value)) Apart(lowerCase ? Accents.Strip(character)[0] : character);
            else if (!lowerCase) Append(character);
            else
                foreach (var rest in Accents.Strip(character)) Append(Rune.ToLowerInvariant(rest));
        }

        EndWord();
        return words.ToString();

        void Append(Rune character)
        {
            if (IsPunctuation(character)) Apart(character);
            else words.Append(character);
        }

        void Apart(Rune character)
        {
            EndWord();
            words.Append(character).Append(' ');
        }

        void EndWord()
        {
            if (words.Length > 0 && words[^1] != ' ') words.Append(' ');
        }
    }

    private static bool IsSpace(Rune c) =>
        c.Value is ' ' or '\t' or '\n' or '\r'
        || Rune.GetUnicodeCategory(c) is UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static bool IsInvisible(Rune c) =>
        c.Value == 0xFFFD
        || Rune.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;

    // Every ASCII character that is no letter, digit, space or control counts, "$" and "+" too.
    private static bool IsPunctuation(Rune c) => c.IsAscii ? !Rune.IsLetterOrDigit(c) : Rune.IsPunctuation(c);

    // The blocks that BERT's authors chose: CJK ideographs, but not kana or hangul, whose words have spaces.
    private static bool IsIdeograph(int c) =>
        c is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0xF900 and <= 0xFAFF)
            or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2CEAF) or (>= 0x2F800 and <= 0x2FA1F);
}

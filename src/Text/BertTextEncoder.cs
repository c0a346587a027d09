using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;
using QatKit.Core.Graph;

namespace QatKit.Text;

/// <summary>Turns texts and pairs of texts into BERT's token ids: basic tokenization, WordPiece, special tokens, truncation.</summary>
/// <remarks>Thread-safe. The tokens are those of Hugging Face's tokenizer; a special token that is written out in a text, such
/// as <c>[SEP]</c>, is that token there too. A pair that is too long is cut as "longest first" does.</remarks>
public sealed partial class BertTextEncoder
{
    private readonly WordPieceTokenizer _words;
    private readonly int _classification, _separator;

    /// <summary>Creates an encoder.</summary>
    /// <param name="vocabulary">The model's vocabulary.</param>
    /// <param name="lowerCase">Lower-case and strip accents, as "uncased" models expect.</param>
    /// <param name="maxLength">Longest result in tokens, special tokens included; at least 5.</param>
    public BertTextEncoder(Vocabulary vocabulary, bool lowerCase = true, int maxLength = 512)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 5);
        Vocabulary = vocabulary;
        LowerCase = lowerCase;
        MaxLength = maxLength;
        using var stream = new MemoryStream(vocabulary.Bytes);
        _words = WordPieceTokenizer.Create(stream); // of words between spaces
        _classification = vocabulary.IdOf("[CLS]")!.Value;
        _separator = vocabulary.IdOf("[SEP]")!.Value;
        PaddingId = vocabulary.IdOf("[PAD]")!.Value;
    }

    /// <summary>The vocabulary.</summary>
    public Vocabulary Vocabulary { get; }

    /// <summary>Whether texts are lower-cased first.</summary>
    public bool LowerCase { get; }

    /// <summary>Longest result in tokens.</summary>
    public int MaxLength { get; }

    /// <summary>The id with which batches are padded.</summary>
    public int PaddingId { get; }

    /// <summary>Encodes one text or a pair.</summary>
    public EncodedText Encode(string text, string? pair = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var first = Pieces(text);
        if (pair is null)
        {
            var kept = Math.Min(first.Count, MaxLength - 2);
            int[] ids = [_classification, .. first.Take(kept), _separator];
            return new EncodedText(ids, new int[ids.Length]);
        }

        var second = Pieces(pair);
        var (a, b) = TruncateLongestFirst(first.Count, second.Count, MaxLength - 3);
        int[] pairIds =
        [
            _classification, .. first.Take(a), _separator,
            .. second.Take(b), _separator,
        ];
        var types = new int[pairIds.Length];
        types.AsSpan(a + 2).Fill(1);
        return new EncodedText(pairIds, types);
    }

    /// <summary>Encodes one text or a pair as a batch of one for the inference engine.</summary>
    public TokenBatch EncodeBatch(string text, string? pair = null)
    {
        var encoded = Encode(text, pair);
        return TokenBatch.FromSequences([encoded.InputIds], [encoded.TokenTypeIds]);
    }

    private List<int> Pieces(string text)
    {
        var ids = new List<int>();
        foreach (var part in SpecialTokens().Split(text))
        {
            if (SpecialTokens().IsMatch(part) && Vocabulary.IdOf(part) is { } id) ids.Add(id);
            else ids.AddRange(_words.EncodeToIds(BasicTokenizer.Split(part, LowerCase)));
        }

        return ids;
    }

    [GeneratedRegex(@"(\[(?:PAD|UNK|CLS|SEP|MASK)\])")]
    private static partial Regex SpecialTokens();

    // How many tokens of each text remain when the longer one is shortened until both fit. Where both must give, each keeps
    // half, and the text that was longer (the second of two equally long ones) keeps the odd token.
    internal static (int First, int Second) TruncateLongestFirst(int first, int second, int budget)
    {
        if (first + second <= budget) return (first, second);
        var shorter = Math.Min(Math.Min(first, second), budget / 2);
        return first > second ? (budget - shorter, shorter) : (shorter, budget - shorter);
    }
}

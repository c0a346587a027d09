using Microsoft.ML.Tokenizers;
using QatKit.Core.Graph;

namespace QatKit.Training.Text;

/// <summary>Turns texts and pairs of texts into BERT's token ids: basic tokenization, WordPiece, special tokens, truncation.</summary>
/// <remarks>Thread-safe. The longer text of a pair loses tokens first; of two equally long ones the second does.</remarks>
public sealed class BertTextEncoder
{
    private readonly BertTokenizer _tokenizer;

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
        _tokenizer = BertTokenizer.Create(stream, new BertOptions
        {
            LowerCaseBeforeTokenization = lowerCase,
            RemoveNonSpacingMarks = lowerCase,
        });
    }

    /// <summary>The vocabulary.</summary>
    public Vocabulary Vocabulary { get; }

    /// <summary>Whether texts are lower-cased first.</summary>
    public bool LowerCase { get; }

    /// <summary>Longest result in tokens.</summary>
    public int MaxLength { get; }

    /// <summary>The id with which batches are padded.</summary>
    public int PaddingId => _tokenizer.PaddingTokenId;

    /// <summary>Encodes one text or a pair.</summary>
    public EncodedText Encode(string text, string? pair = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var first = Pieces(text);
        if (pair is null)
        {
            var kept = Math.Min(first.Count, MaxLength - 2);
            int[] ids = [_tokenizer.ClassificationTokenId, .. first.Take(kept), _tokenizer.SeparatorTokenId];
            return new EncodedText(ids, new int[ids.Length]);
        }

        var second = Pieces(pair);
        var (a, b) = TruncateLongestFirst(first.Count, second.Count, MaxLength - 3);
        int[] pairIds =
        [
            _tokenizer.ClassificationTokenId, .. first.Take(a), _tokenizer.SeparatorTokenId,
            .. second.Take(b), _tokenizer.SeparatorTokenId,
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

    private IReadOnlyList<int> Pieces(string text) => _tokenizer.EncodeToIds(text, addSpecialTokens: false);

    // How many tokens of each text remain when the longer one is shortened until both fit.
    internal static (int First, int Second) TruncateLongestFirst(int first, int second, int budget)
    {
        var excess = first + second - budget;
        if (excess <= 0) return (first, second);
        if (first > second)
        {
            var cut = Math.Min(excess, first - second);
            (first, excess) = (first - cut, excess - cut);
        }
        else
        {
            var cut = Math.Min(excess, second - first);
            (second, excess) = (second - cut, excess - cut);
        }

        // Both have the same length now: they take turns, the second text first.
        return (first - excess / 2, second - (excess + 1) / 2);
    }
}

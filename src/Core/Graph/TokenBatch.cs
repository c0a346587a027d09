namespace QatKit.Core.Graph;

/// <summary>A ragged batch of token sequences, stored one after another without padding.</summary>
/// <remarks>B sequences, T tokens in all. Token ids are checked against a model when it runs; a batch cannot change between
/// that check and its use.</remarks>
public sealed class TokenBatch
{
    private readonly int[] _inputIds, _tokenTypeIds, _offsets;

    private TokenBatch(int[] inputIds, int[] tokenTypeIds, int[] offsets)
    {
        _inputIds = inputIds;
        _tokenTypeIds = tokenTypeIds;
        _offsets = offsets;
    }

    /// <summary>Token ids, [T].</summary>
    public ReadOnlySpan<int> InputIds => _inputIds;

    /// <summary>Segment ids (0 or 1), [T].</summary>
    public ReadOnlySpan<int> TokenTypeIds => _tokenTypeIds;

    /// <summary>Start of each sequence and, last, T: [B + 1].</summary>
    public ReadOnlySpan<int> Offsets => _offsets;

    /// <summary>B.</summary>
    public int Count => _offsets.Length - 1;

    /// <summary>T.</summary>
    public int TokenCount => _offsets[^1];

    /// <summary>Length of sequence <paramref name="index"/>.</summary>
    public int LengthOf(int index) => _offsets[index + 1] - _offsets[index];

    /// <summary>Token ids of sequence <paramref name="index"/>.</summary>
    public ReadOnlySpan<int> InputIdsOf(int index) => InputIds[_offsets[index].._offsets[index + 1]];

    /// <summary>Segment ids of sequence <paramref name="index"/>.</summary>
    public ReadOnlySpan<int> TokenTypeIdsOf(int index) => TokenTypeIds[_offsets[index].._offsets[index + 1]];

    /// <summary>Builds a batch from sequences of token ids.</summary>
    /// <param name="sequences">Token ids of each sequence.</param>
    /// <param name="tokenTypes">Segment ids of each sequence; all 0 when omitted.</param>
    /// <exception cref="ArgumentException">The segment ids do not have the shape of the sequences.</exception>
    public static TokenBatch FromSequences(IReadOnlyList<int[]> sequences, IReadOnlyList<int[]>? tokenTypes = null)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        if (tokenTypes is not null && tokenTypes.Count != sequences.Count)
            throw new ArgumentException($"{tokenTypes.Count} token-type sequences for {sequences.Count} sequences.", nameof(tokenTypes));
        var offsets = new int[sequences.Count + 1];
        for (var i = 0; i < sequences.Count; i++)
        {
            if (tokenTypes is not null && tokenTypes[i].Length != sequences[i].Length)
                throw new ArgumentException($"Sequence {i} has {sequences[i].Length} tokens but {tokenTypes[i].Length} token types.", nameof(tokenTypes));
            offsets[i + 1] = offsets[i] + sequences[i].Length;
        }

        var ids = new int[offsets[^1]];
        var types = new int[offsets[^1]];
        for (var i = 0; i < sequences.Count; i++)
        {
            sequences[i].CopyTo(ids, offsets[i]);
            tokenTypes?[i].CopyTo(types, offsets[i]);
        }

        return new TokenBatch(ids, types, offsets);
    }

    /// <summary>Builds a batch from padded rows, dropping positions whose mask is 0; padding is on the right.</summary>
    /// <param name="inputIds">[B, S].</param>
    /// <param name="attentionMask">[B, S], 1 for tokens and 0 for padding.</param>
    /// <param name="tokenTypeIds">[B, S]; all 0 when omitted.</param>
    /// <exception cref="ArgumentException">The shapes differ, a mask value is not 0 or 1, or padding precedes a token.</exception>
    public static TokenBatch FromPadded(int[,] inputIds, int[,] attentionMask, int[,]? tokenTypeIds = null)
    {
        ArgumentNullException.ThrowIfNull(inputIds);
        ArgumentNullException.ThrowIfNull(attentionMask);
        int b = inputIds.GetLength(0), s = inputIds.GetLength(1);
        foreach (var other in new[] { attentionMask, tokenTypeIds })
        {
            if (other is not null && (other.GetLength(0) != b || other.GetLength(1) != s))
                throw new ArgumentException($"Shapes differ: input ids [{b}, {s}], other [{other.GetLength(0)}, {other.GetLength(1)}].", nameof(attentionMask));
        }

        var ids = new int[b][];
        var types = new int[b][];
        for (var i = 0; i < b; i++)
        {
            var length = 0;
            for (var j = 0; j < s; j++)
            {
                var m = attentionMask[i, j];
                if (m is not (0 or 1) || (m == 1 && j != length))
                    throw new ArgumentException($"attention mask at [{i}, {j}] = {m}: each row must be ones followed by zeros.", nameof(attentionMask));
                length += m;
            }

            ids[i] = new int[length];
            types[i] = new int[length];
            for (var j = 0; j < length; j++)
            {
                ids[i][j] = inputIds[i, j];
                types[i][j] = tokenTypeIds is null ? 0 : tokenTypeIds[i, j];
            }
        }

        return FromSequences(ids, types);
    }
}

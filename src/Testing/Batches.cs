using QatKit.Core.Graph;

namespace QatKit.Testing;

/// <summary>Takes batches apart and puts them together again.</summary>
public static class Batches
{
    /// <summary>Every sequence of every batch as a batch of one, in order.</summary>
    public static IReadOnlyList<TokenBatch> Split(IEnumerable<TokenBatch> batches)
    {
        ArgumentNullException.ThrowIfNull(batches);
        return [.. from batch in batches from i in Enumerable.Range(0, batch.Count) select TokenBatch.FromSequences([batch.InputIdsOf(i).ToArray()], [batch.TokenTypeIdsOf(i).ToArray()])];
    }

    /// <summary>One ragged batch of all sequences.</summary>
    public static TokenBatch Concatenate(IReadOnlyList<TokenBatch> batches)
    {
        ArgumentNullException.ThrowIfNull(batches);
        var rows = (from batch in batches from i in Enumerable.Range(0, batch.Count) select (batch, i)).ToList();
        return TokenBatch.FromSequences([.. rows.Select(r => r.batch.InputIdsOf(r.i).ToArray())], [.. rows.Select(r => r.batch.TokenTypeIdsOf(r.i).ToArray())]);
    }

    /// <summary>The same batch, made from rows padded to the longest sequence plus three, with an attention mask.</summary>
    public static TokenBatch Pad(IReadOnlyList<TokenBatch> batches)
    {
        var all = Concatenate(batches);
        var width = Enumerable.Range(0, all.Count).Max(all.LengthOf) + 3;
        int[,] ids = new int[all.Count, width], mask = new int[all.Count, width], types = new int[all.Count, width];
        for (var i = 0; i < all.Count; i++)
        {
            for (var j = 0; j < all.LengthOf(i); j++)
            {
                ids[i, j] = all.InputIdsOf(i)[j];
                types[i, j] = all.TokenTypeIdsOf(i)[j];
                mask[i, j] = 1;
            }
        }

        return TokenBatch.FromPadded(ids, mask, types);
    }

    /// <summary>Groups sequences into ragged batches of at most <paramref name="size"/>.</summary>
    public static IReadOnlyList<TokenBatch> Group(IReadOnlyList<TokenBatch> sequences, int size) =>
        [.. sequences.Chunk(size).Select(c => Concatenate(c))];
}

using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;

namespace QatKit.Core.Tests.Graph;

public sealed class TokenBatchTests
{
    private static readonly BertArchitecture Small = new(1, 16, 2, 32, 50, 8, 2, 2);

    [Fact]
    public void Padding_is_dropped()
    {
        var batch = TokenBatch.FromPadded(new[,] { { 5, 6, 0 }, { 7, 0, 0 } }, new[,] { { 1, 1, 0 }, { 1, 0, 0 } });
        Assert.Equal([5, 6, 7], batch.InputIds);
        Assert.Equal([0, 2, 3], batch.Offsets);
    }

    [Fact]
    public void A_batch_does_not_change_with_the_arrays_that_it_was_made_of()
    {
        int[] ids = [5, 6], types = [0, 1];
        var batch = TokenBatch.FromSequences([ids, [7]], [types, [1]]);
        ids[0] = types[0] = int.MaxValue;
        Assert.Equal([5, 6, 7], batch.InputIds);
        Assert.Equal([0, 1, 1], batch.TokenTypeIds);
        Assert.Equal([7], batch.InputIdsOf(1));
        Assert.Equal([0, 1], batch.TokenTypeIdsOf(0));
    }

    [Fact]
    public void Left_padding_is_refused() =>
        Assert.Equal("attention mask at [0, 1] = 1: each row must be ones followed by zeros. (Parameter 'attentionMask')",
            Assert.Throws<ArgumentException>(() => TokenBatch.FromPadded(new[,] { { 0, 6 } }, new[,] { { 0, 1 } })).Message);

    [Fact]
    public void Every_problem_of_a_batch_is_reported()
    {
        var batch = TokenBatch.FromSequences(
            [[1, 2, 50], [], [1, 2, 3, 4, 5, 6, 7, 8, 9], [-1]],
            [[0, 3, 0], [], [0, 0, 0, 0, 0, 0, 0, 0, 0], [0]]);
        var e = Assert.Throws<QatKitException>(() => TokenBatchValidator.Check(batch, Small));
        Assert.Equal(string.Join(Environment.NewLine,
            "5 problems:",
            "QK5003 batch[0][2]: token id 50 is outside 0..49. Use the model's own vocabulary.",
            "QK5004 batch[0][1]: token type 3 is outside 0..1. Use 0 for the first and 1 for the second text.",
            "QK5001 batch[1]: the sequence has no tokens. Pass at least one token.",
            "QK5002 batch[2]: the sequence has 9 tokens, the model's limit is 8. Truncate the text.",
            "QK5003 batch[3][0]: token id -1 is outside 0..49. Use the model's own vocabulary."), e.Message);
    }

    [Fact]
    public void Empty_batch_is_refused() =>
        Assert.Equal("QK5001 batch: the batch has no sequences. Pass at least one sequence of at least one token.",
            Assert.Throws<QatKitException>(() => TokenBatchValidator.Check(TokenBatch.FromSequences([]), Small)).Message);
}

using QatKit.Core.Diagnostics;
using QatKit.TestKit;

namespace QatKit.Text.Tests;

public sealed class BertTextEncoderTests
{
    private static readonly Vocabulary Small = Vocabulary.FromTokens(
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "film", "was", "good", "un", "##believ", "##able", ".", "cafe"]);

    [Fact]
    public void Single_text_gets_special_tokens_and_word_pieces()
    {
        var encoded = new BertTextEncoder(Small).Encode("The film was unbelievable. Café zzz");
        Assert.Equal([2, 5, 6, 7, 9, 10, 11, 12, 13, 1, 3], encoded.InputIds);
        Assert.Equal(new int[11], encoded.TokenTypeIds);
    }

    [Fact]
    public void Pair_gets_type_1_after_the_first_separator()
    {
        var encoded = new BertTextEncoder(Small).Encode("the film", "was good");
        Assert.Equal([2, 5, 6, 3, 7, 8, 3], encoded.InputIds);
        Assert.Equal([0, 0, 0, 0, 1, 1, 1], encoded.TokenTypeIds);
    }

    [Theory]
    [InlineData(10, 3, 8, 5, 3)] // only the longer one is cut
    [InlineData(3, 10, 8, 3, 5)]
    [InlineData(10, 8, 6, 3, 3)] // first to equal length, then in turns
    [InlineData(10, 8, 7, 4, 3)] // the longer one keeps the odd token
    [InlineData(5, 6, 7, 3, 4)]
    [InlineData(6, 6, 5, 2, 3)] // and of two equal ones the second
    [InlineData(2, 2, 4, 2, 2)]
    public void Longest_text_loses_tokens_first(int first, int second, int budget, int expectedFirst, int expectedSecond) =>
        Assert.Equal((expectedFirst, expectedSecond), BertTextEncoder.TruncateLongestFirst(first, second, budget));

    [Fact]
    public void Result_never_exceeds_the_maximum_length()
    {
        var encoder = new BertTextEncoder(Small, maxLength: 8);
        var text = string.Join(' ', Enumerable.Repeat("good", 50));
        Assert.Equal(8, encoder.Encode(text).Length);
        Assert.Equal(8, encoder.Encode(text, text).Length);
        Assert.Equal(3, encoder.Encode(text).InputIds[^1]);
    }

    [Fact]
    public void Real_vocabulary_splits_as_the_published_tokenizer_does()
    {
        var vocabulary = Vocabulary.Load(SharedData.Require("models/bert-tiny-uncased-mlm/vocab.txt"));
        Assert.Equal(30_522, vocabulary.Count);
        var encoded = new BertTextEncoder(vocabulary).Encode("Hello, world! Tokenization isn't hard.");
        // hello , world ! token ##ization isn ' t hard .
        Assert.Equal([101, 7592, 1010, 2088, 999, 19204, 3989, 3475, 1005, 1056, 2524, 1012, 102], encoded.InputIds);
    }

    [Fact]
    public void Vocabulary_problems_are_reported_together()
    {
        using var folder = new TempFolder();
        var path = folder.WriteText("vocab.txt", "[PAD]\n[UNK]\nthe\nthe\n[CLS]\n");
        var e = Assert.Throws<QatKitException>(() => Vocabulary.Load(path));
        Assert.Equal(
            $"""
            2 problems:
            QK1111 {path}(4): token 'the' is already in line 3. Remove one of the two lines.
            QK1111 {path}: the vocabulary of 5 tokens has no [SEP]. Use a BERT WordPiece vocabulary, one token per line.
            """, e.Message);
    }
}

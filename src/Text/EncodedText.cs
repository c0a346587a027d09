namespace QatKit.Text;

/// <summary>One or two texts as BERT reads them: <c>[CLS] a [SEP]</c> or <c>[CLS] a [SEP] b [SEP]</c>.</summary>
/// <param name="InputIds">Token ids, [S].</param>
/// <param name="TokenTypeIds">0 up to and including the first <c>[SEP]</c>, 1 after it, [S].</param>
public sealed record EncodedText(int[] InputIds, int[] TokenTypeIds)
{
    /// <summary>S, the number of tokens.</summary>
    public int Length => InputIds.Length;
}

using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cuda.Plans;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>Consecutive sequences of a batch that run together.</summary>
/// <param name="Batch">The whole batch.</param>
/// <param name="First">First sequence.</param>
/// <param name="Count">Sequences.</param>
/// <param name="Bucket">Sizes to run with.</param>
internal readonly record struct BatchPass(TokenBatch Batch, int First, int Count, Bucket Bucket)
{
    /// <summary>First token of the pass within the batch.</summary>
    public int FirstToken => Batch.Offsets[First];

    /// <summary>Tokens of the pass.</summary>
    public int Tokens => Batch.Offsets[First + Count] - FirstToken;
}

/// <summary>Cuts a batch into passes.</summary>
internal static class BatchPasses
{
    /// <summary>As many whole sequences as fit, in order. Sequences are independent, so the cut does not change the logits.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="maxTokens">Most tokens of a pass, itself the size of a bucket; no sequence is longer.</param>
    public static IEnumerable<BatchPass> Of(TokenBatch batch, int maxTokens)
    {
        for (int first = 0, next; first < batch.Count; first = next)
        {
            next = first;
            var longest = 0;
            while (next < batch.Count && batch.Offsets[next + 1] - batch.Offsets[first] <= maxTokens)
                longest = Math.Max(longest, batch.LengthOf(next++));
            var tokens = batch.Offsets[next] - batch.Offsets[first];
            yield return new BatchPass(batch, first, next - first, Bucket.For(tokens, next - first, longest));
        }
    }
}

using System.Globalization;
using System.Numerics;
using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>Sizes that one CUDA graph serves: a batch runs in the smallest bucket that holds it.</summary>
/// <remarks>Rows past the batch's own are computed and never read, so buckets do not change the logits.</remarks>
/// <param name="Tokens">Rows of the token matrices.</param>
/// <param name="Sequences">Sequences, the unused ones empty.</param>
/// <param name="Length">Longest sequence.</param>
internal readonly record struct Bucket(int Tokens, int Sequences, int Length)
{
    /// <summary>The bucket of a batch.</summary>
    public static Bucket For(TokenBatch batch)
    {
        var longest = 0;
        for (var b = 0; b < batch.Count; b++) longest = Math.Max(longest, batch.LengthOf(b));
        return For(batch.TokenCount, batch.Count, longest);
    }

    /// <summary>The bucket of these sizes: tokens in steps of an eighth to a quarter of their size (at least 32), sequences and
    /// lengths as powers of two (lengths at least 32).</summary>
    public static Bucket For(int tokens, int sequences, int length)
    {
        var step = Math.Max(32, (int)BitOperations.RoundUpToPowerOf2((uint)tokens) / 8);
        return new Bucket((tokens + step - 1) / step * step,
            (int)BitOperations.RoundUpToPowerOf2((uint)sequences), Math.Max(32, (int)BitOperations.RoundUpToPowerOf2((uint)length)));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Tokens} tokens, {Sequences} sequences, up to {Length} each");
}

namespace QatKit.Training.Data;

/// <summary>Cuts a data set into batches of similar length, so that little is padded.</summary>
/// <remarks>The batches of an epoch are a function of the seed and the epoch alone, which is what makes resuming exact:
/// shuffle; sort each run of <see cref="BatchesPerBucket"/> batches by length; cut; shuffle the batches.</remarks>
public static class LengthBuckets
{
    /// <summary>Batches that are sorted by length together. More of them pad less and mix less.</summary>
    public const int BatchesPerBucket = 32;

    /// <summary>The batches of one epoch as lists of example indices; the last one of the data may be short.</summary>
    public static IReadOnlyList<int[]> ForEpoch(EncodedDataset data, int batchSize, ulong seed, int epoch)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        var random = new SplitMix(SplitMix.Combine(seed, (ulong)epoch));
        var order = Enumerable.Range(0, data.Count).ToArray();
        random.Shuffle(order.AsSpan());
        var batches = order.Chunk(batchSize * BatchesPerBucket)
            .SelectMany(bucket => bucket.OrderBy(i => data[i].Length).Chunk(batchSize)).ToArray();
        random.Shuffle(batches.AsSpan());
        return batches;
    }

    /// <summary>Batches for evaluation: by length, each example once, the same every time.</summary>
    public static IReadOnlyList<int[]> ForEvaluation(EncodedDataset data, int batchSize)
    {
        ArgumentNullException.ThrowIfNull(data);
        return [.. Enumerable.Range(0, data.Count).OrderBy(i => data[i].Length).Chunk(batchSize)];
    }
}

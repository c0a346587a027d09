using QatKit.Training.Data;
using QatKit.Training.Data.Reviews;
using QatKit.Text;

namespace QatKit.Training.Tests.Data;

public sealed class LengthBucketsTests
{
    private static readonly EncodedDataset Data = EncodedDataset.Create(
        BuiltinReviews.Create().Dev, new BertTextEncoder(BuiltinReviews.CreateVocabulary()));

    [Fact]
    public void Every_example_occurs_once_in_an_epoch()
    {
        var batches = LengthBuckets.ForEpoch(Data, 48, seed: 1, epoch: 3);
        Assert.Equal(Enumerable.Range(0, Data.Count), batches.SelectMany(b => b).Order());
        Assert.Equal((Data.Count + 47) / 48, batches.Count);
    }

    [Fact]
    public void Order_depends_on_seed_and_epoch_alone()
    {
        int[] Order(ulong seed, int epoch) => [.. LengthBuckets.ForEpoch(Data, 32, seed, epoch).SelectMany(b => b)];
        Assert.Equal(Order(1, 2), Order(1, 2));
        Assert.NotEqual(Order(1, 2), Order(1, 3));
        Assert.NotEqual(Order(1, 2), Order(2, 2));
        Assert.NotEqual(Order(2, 1), Order(1, 2));
    }

    [Fact]
    public void Batches_hold_similar_lengths()
    {
        static double Padding(IReadOnlyList<int[]> batches)
        {
            double tokens = batches.Sum(b => b.Sum(i => Data[i].Length));
            return batches.Sum(b => b.Length * b.Max(i => Data[i].Length)) / tokens - 1;
        }

        Assert.InRange(Padding(LengthBuckets.ForEpoch(Data, 32, seed: 5, epoch: 0)), 0, 0.10);
        Assert.InRange(Padding([.. Enumerable.Range(0, Data.Count).Chunk(32)]), 0.30, 3);
    }
}

using QatKit.Core.Graph;

namespace QatKit.GpuCheck.Soak;

/// <summary>Ragged batches of mixed sizes.</summary>
internal static class SoakBatches
{
    // Batches of these sizes in turn by chance; small ones as often as large ones.
    private static readonly int[] Sizes = [1, 1, 2, 3, 5, 8, 16, 33, 64];

    // Around the sizes at which tiles, buckets and key tiles of the kernels change.
    private static readonly int[] Edges = [1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 383, 384, 385, 511, 512];

    /// <summary>Batches with this many sentences in all; the same seed gives the same batches.</summary>
    public static IEnumerable<TokenBatch> Create(BertArchitecture architecture, int sentences, int seed)
    {
        var random = new Random(seed);
        while (sentences > 0)
        {
            var size = Math.Min(sentences, Sizes[random.Next(Sizes.Length)]);
            yield return SyntheticGraph.CreateBatch(architecture, [.. Enumerable.Range(0, size).Select(_ => Length(random))], random.Next());
            sentences -= size;
        }
    }

    // Half of them near an edge, the others uniform.
    private static int Length(Random random) => random.Next(2) == 0 ? Edges[random.Next(Edges.Length)] : random.Next(1, SoakModel.MaxPositions + 1);
}

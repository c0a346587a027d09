using System.Globalization;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>How attention is computed.</summary>
/// <param name="Definition">The kernel.</param>
/// <param name="Grid">Query tiles, heads, sequences.</param>
/// <param name="Shape">Warps and keys of a block.</param>
internal sealed record AttentionPlan(KernelDefinition Definition, LaunchGrid Grid, AttentionShape Shape)
{
    private const int MaxWarps = 8;
    private static readonly int[] GroupChoices = [4, 2, 1];
    private static readonly int[] SplitChoices = [4, 2];
    private static readonly int[] KeyTileChoices = [32, 64, 128, 256, 512];

    /// <summary>Every shape that a plan can have.</summary>
    public static IReadOnlyList<AttentionShape> Shapes { get; } =
    [
        .. from groups in GroupChoices
           from keyTile in KeyTileChoices
           from split in new[] { 1, Split(groups, keyTile) }.Distinct()
           select new AttentionShape(groups, split, keyTile),
    ];

    /// <summary>Keys of a whole sequence in shared memory where they fit; small blocks while the device has idle multiprocessors, and then warps
    /// that share queries, which a multiprocessor with one or two blocks has room for.</summary>
    public static AttentionPlan For(CudaDevice device, Bucket bucket, int heads, int headDim, OutputType output)
    {
        int Tiles(int groups) => (bucket.Length + 16 * groups - 1) / (16 * groups);
        int Blocks(int groups) => Tiles(groups) * heads * bucket.Sequences;
        var groups = GroupChoices.FirstOrDefault(g => Blocks(g) >= device.Multiprocessors, GroupChoices[^1]);
        bool Fits(AttentionShape shape) => shape.Define(headDim, output).SharedBytes + KernelDefinition.StaticSharedBytes <= device.SharedBytesPerBlock;
        // The shortest tile that holds the longest sequence, or else the longest tile that fits the device.
        var fitting = KeyTileChoices.Where(t => Fits(new AttentionShape(groups, 1, t))).ToArray();
        var keyTile = fitting.FirstOrDefault(t => t >= bucket.Length, fitting[^1]);
        var shape = new AttentionShape(groups, Blocks(groups) < 2 * device.Multiprocessors ? Split(groups, keyTile) : 1, keyTile);
        if (!Fits(shape)) shape = shape with { Split = 1 };
        return new AttentionPlan(shape.Define(headDim, output), new LaunchGrid(Tiles(groups), heads, bucket.Sequences), shape);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Definition}, {Grid.Blocks} blocks");

    // As many as have 32 keys each.
    private static int Split(int groups, int keys) => SplitChoices.FirstOrDefault(s => groups * s <= MaxWarps && keys >= 32 * s, 1);
}

using System.Globalization;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>How attention is computed.</summary>
/// <param name="Definition">The kernel.</param>
/// <param name="Grid">Query tiles, heads, sequences.</param>
/// <param name="Warps">Warps of a block.</param>
/// <param name="KeyTile">Keys held at once.</param>
internal sealed record AttentionPlan(KernelDefinition Definition, LaunchGrid Grid, int Warps, int KeyTile)
{
    /// <summary>Warps of a block, most first.</summary>
    public static IReadOnlyList<int> WarpChoices { get; } = [4, 2, 1];

    /// <summary>Keys held at once.</summary>
    public static IReadOnlyList<int> KeyTileChoices { get; } = [32, 64, 128, 256, 512];

    /// <summary>Keys of a whole sequence in shared memory where they fit; small blocks while the device has idle multiprocessors.</summary>
    public static AttentionPlan For(CudaDevice device, Bucket bucket, int heads, int headDim, OutputType output)
    {
        int Blocks(int warps) => (bucket.Length + 16 * warps - 1) / (16 * warps) * heads * bucket.Sequences;
        var warps = WarpChoices.FirstOrDefault(w => Blocks(w) >= device.Multiprocessors, WarpChoices[^1]);
        // The shortest tile that holds the longest sequence, or else the longest tile that fits the device.
        var fitting = KeyTileChoices.Where(t => KernelLibrary.Attention(headDim, warps, t, output).SharedBytes <= device.SharedBytesPerBlock).ToArray();
        var keyTile = fitting.FirstOrDefault(t => t >= bucket.Length, fitting[^1]);
        return new AttentionPlan(KernelLibrary.Attention(headDim, warps, keyTile, output),
            new LaunchGrid((bucket.Length + 16 * warps - 1) / (16 * warps), heads, bucket.Sequences), warps, keyTile);
    }

    /// <summary>Warps of a block x keys held at once.</summary>
    public string Choice => string.Create(CultureInfo.InvariantCulture, $"{Warps}x{KeyTile}");

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Definition}, {(long)Grid.X * Grid.Y * Grid.Z} blocks");
}

using System.Globalization;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>How attention is computed.</summary>
/// <param name="Definition">The kernel.</param>
/// <param name="Grid">Query tiles, heads, sequences.</param>
internal sealed record AttentionPlan(KernelDefinition Definition, LaunchGrid Grid)
{
    /// <summary>Keys of a whole sequence in shared memory where they fit; small blocks while the device has idle multiprocessors.</summary>
    public static AttentionPlan For(CudaDevice device, Bucket bucket, int heads, int headDim, OutputType output)
    {
        int Blocks(int warps) => (bucket.Length + 16 * warps - 1) / (16 * warps) * heads * bucket.Sequences;
        var warps = Blocks(4) >= device.Multiprocessors ? 4 : Blocks(2) >= device.Multiprocessors ? 2 : 1;
        var keyTile = Math.Clamp(bucket.Length, 32, 512);
        while (keyTile > 32 && KernelLibrary.Attention(headDim, warps, keyTile, output).SharedBytes > device.SharedBytesPerBlock) keyTile /= 2;
        return new AttentionPlan(KernelLibrary.Attention(headDim, warps, keyTile, output),
            new LaunchGrid((bucket.Length + 16 * warps - 1) / (16 * warps), heads, bucket.Sequences));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Definition}, {(long)Grid.X * Grid.Y * Grid.Z} blocks");
}

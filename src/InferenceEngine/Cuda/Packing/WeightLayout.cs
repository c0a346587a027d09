using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Packing;

/// <summary>Order of packed weights for gemm_s8.cu, described in Kernels/README.md.</summary>
internal static class WeightLayout
{
    /// <summary>Features of a group: two fragments of 16 rows.</summary>
    public const int GroupFeatures = 32;

    /// <summary>Lanes of a warp.</summary>
    public const int Lanes = 32;

    /// <summary>Feature, within its group, of row <paramref name="row"/> (0..15) of fragment <paramref name="fragment"/> (0, 1).</summary>
    /// <remarks>A lane owns rows g and g + 8 of both fragments: with this order they are four neighbouring features.</remarks>
    public static int Feature(int fragment, int row) => 4 * (row % 8) + 2 * fragment + row / 8;

    /// <summary>Groups that hold <paramref name="features"/> features.</summary>
    public static int Groups(int features) => (features + GroupFeatures - 1) / GroupFeatures;

    /// <summary>Steps along <paramref name="depth"/> input features.</summary>
    public static int Steps(int depth) => (depth + GemmVariant.TileDepth - 1) / GemmVariant.TileDepth;

    /// <summary>Length of a per-feature vector after <see cref="PadFeatures"/>.</summary>
    public static int PaddedFeatures(int features) => Groups(features) * GroupFeatures;

    /// <summary>A per-feature vector (multiplier, bias, inverse scale) with zeros up to a whole group, [ceil(N / 32) · 32].</summary>
    public static float[] PadFeatures(ReadOnlySpan<float> values)
    {
        var padded = new float[PaddedFeatures(values.Length)];
        values.CopyTo(padded);
        return padded;
    }

    /// <summary>Bytes of a packed [out, in] matrix.</summary>
    public static long PackedBytes(int outputs, int inputs, bool sparse24) =>
        (long)Groups(outputs) * Steps(inputs) * GemmVariant.GroupBytes(sparse24);
}

using System.Runtime.InteropServices;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Packing;

/// <summary>Packs int8 weights lane by lane for <c>mma.m16n8k32</c>.</summary>
internal static class DenseWeightPacker
{
    private const int FragmentDepth = 32;
    private const int Steps = GemmVariant.TileDepth / FragmentDepth;

    /// <summary>Packs a row-major [out, in] matrix of codes; see Kernels/README.md for the order.</summary>
    /// <exception cref="ArgumentException">The matrix does not have out · in codes.</exception>
    public static byte[] Pack(ReadOnlySpan<sbyte> weights, int outputs, int inputs)
    {
        if (weights.Length != outputs * inputs)
            throw new ArgumentException($"{weights.Length} codes for a matrix [{outputs}, {inputs}].", nameof(weights));
        var packed = new byte[WeightLayout.PackedBytes(outputs, inputs, sparse24: false)];
        var codes = MemoryMarshal.AsBytes(weights);
        var at = 0;
        for (var group = 0; group < WeightLayout.Groups(outputs); group++)
        {
            for (var step = 0; step < WeightLayout.Steps(inputs); step++)
            {
                for (var block = 0; block < 2 * Steps; block++) // [fragment][s]
                {
                    for (var lane = 0; lane < WeightLayout.Lanes; lane++)
                    {
                        for (var word = 0; word < 4; word++) // registers a0..a3
                        {
                            // a1 and a3 belong to row g + 8; a2 and a3 to the second 16 codes.
                            var feature = group * WeightLayout.GroupFeatures + WeightLayout.Feature(block / Steps, lane / 4 + word % 2 * 8);
                            var k = step * GemmVariant.TileDepth + block % Steps * FragmentDepth + word / 2 * 16 + lane % 4 * 4;
                            var count = feature < outputs ? Math.Min(inputs - k, 4) : 0;
                            if (count > 0) codes.Slice(feature * inputs + k, count).CopyTo(packed.AsSpan(at));
                            at += 4;
                        }
                    }
                }
            }
        }

        return packed;
    }
}

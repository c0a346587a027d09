using System.Buffers.Binary;
using QatKit.Core.Graph;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Packing;

/// <summary>Packs 2:4 weights and their metadata lane by lane for <c>mma.sp.m16n8k64</c>.</summary>
internal static class SparseWeightPacker
{
    private const int FragmentDepth = 64;
    private const int Steps = GemmVariant.TileDepth / FragmentDepth;
    private const int ValueBytes = 2048;

    /// <summary>Packs a row-major [out, in] matrix of codes; see Kernels/README.md for the order.</summary>
    /// <param name="weights">Codes, 0 where masked.</param>
    /// <param name="mask">Which two of each four consecutive inputs were kept. A kept code may be 0.</param>
    /// <exception cref="ArgumentException">The shapes differ, or a group of four does not keep exactly two weights.</exception>
    public static byte[] Pack(ReadOnlySpan<sbyte> weights, WeightMask mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        if (mask.In % 4 != 0 || weights.Length != mask.Out * mask.In)
            throw new ArgumentException($"{weights.Length} codes for a 2:4 mask [{mask.Out}, {mask.In}].", nameof(weights));
        var packed = new byte[WeightLayout.PackedBytes(mask.Out, mask.In, sparse24: true)];
        var block = packed.AsSpan();
        for (var group = 0; group < WeightLayout.Groups(mask.Out); group++)
        {
            for (var step = 0; step < WeightLayout.Steps(mask.In); step++)
            {
                PackBlock(weights, mask, group * WeightLayout.GroupFeatures, step * GemmVariant.TileDepth, block);
                block = block[GemmVariant.GroupBytes(sparse24: true)..];
            }
        }

        return packed;
    }

    private static void PackBlock(ReadOnlySpan<sbyte> weights, WeightMask mask, int firstFeature, int firstInput, Span<byte> block)
    {
        var metadata = block[ValueBytes..];
        for (var fragment = 0; fragment < 2; fragment++)
        {
            for (var s = 0; s < Steps; s++)
            {
                for (var lane = 0; lane < WeightLayout.Lanes; lane++)
                {
                    var place = (fragment * Steps + s) * WeightLayout.Lanes + lane;
                    int g = lane / 4, t = lane % 4, input = firstInput + s * FragmentDepth;
                    for (var word = 0; word < 4; word++) // a1, a3: row g + 8; a2, a3: columns from 32 on
                    {
                        var feature = firstFeature + WeightLayout.Feature(fragment, g + word % 2 * 8);
                        for (var chunk = 0; chunk < 2; chunk++)
                        {
                            var first = input + word / 2 * 32 + t * 8 + chunk * 4;
                            var kept = Chunk.Read(weights, mask, feature, first);
                            block[place * 16 + word * 4 + chunk * 2] = (byte)kept.First;
                            block[place * 16 + word * 4 + chunk * 2 + 1] = (byte)kept.Second;
                        }
                    }

                    uint e = 0;
                    var row = firstFeature + WeightLayout.Feature(fragment, g + lane % 2 * 8);
                    for (var j = 0; j < 8; j++)
                        e |= Chunk.Read(weights, mask, row, input + lane / 2 % 2 * 32 + j * 4).Places << (4 * j);
                    BinaryPrimitives.WriteUInt32LittleEndian(metadata[(place * 4)..], e);
                }
            }
        }
    }

    // Four consecutive inputs of a feature: the two kept codes, and their places as first | second << 2 with first < second.
    private readonly record struct Chunk(uint Places, sbyte First, sbyte Second)
    {
        // Padding names places 0 and 1 with codes 0: equal or decreasing places are undefined in hardware.
        private static readonly Chunk Padding = new(0b01_00, 0, 0);

        public static Chunk Read(ReadOnlySpan<sbyte> weights, WeightMask mask, int feature, int firstInput)
        {
            if (feature >= mask.Out || firstInput >= mask.In) return Padding;
            Span<int> places = stackalloc int[4];
            var count = 0;
            for (var i = 0; i < 4; i++)
            {
                if (mask.IsKept(feature, firstInput + i)) places[count++] = i;
            }

            if (count != 2)
                throw new ArgumentException($"weights [{feature}, {firstInput}..{firstInput + 3}]: the mask keeps {count}, 2:4 keeps exactly 2.", nameof(mask));
            var codes = weights.Slice(feature * mask.In + firstInput, 4);
            return new Chunk((uint)(places[0] | places[1] << 2), codes[places[0]], codes[places[1]]);
        }
    }
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.Sparsity;

namespace QatKit.InferenceEngine.Cuda.Packing;

/// <summary>Arranges 2:4 weights and their metadata lane by lane for <c>mma.sp.m16n8k64</c>.</summary>
internal static class SparseWeightPacker
{
    private const int FragmentDepth = 64;
    private const int Steps = GemmVariant.TileDepth / FragmentDepth;
    private const int ValueBytes = 2048;

    // Four columns of padding: places 0 and 1 with codes 0. Equal or decreasing places are undefined in hardware.
    private const uint PaddingPlaces = 0b01_00;

    /// <summary>Arranges a matrix; see Kernels/README.md for the order.</summary>
    public static byte[] Pack(Sparse24Matrix matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        var packed = new byte[WeightLayout.PackedBytes(matrix.Out, matrix.In, sparse24: true)];
        var block = packed.AsSpan();
        for (var group = 0; group < WeightLayout.Groups(matrix.Out); group++)
        {
            for (var step = 0; step < WeightLayout.Steps(matrix.In); step++)
            {
                for (var part = 0; part < 2 * Steps; part++) // [fragment][s]
                {
                    for (var lane = 0; lane < WeightLayout.Lanes; lane++)
                    {
                        var firstFeature = group * WeightLayout.GroupFeatures;
                        var firstInput = step * GemmVariant.TileDepth + part % Steps * FragmentDepth;
                        PackLane(matrix, firstFeature, firstInput, part / Steps, lane, part * WeightLayout.Lanes + lane, block);
                    }
                }

                block = block[GemmVariant.GroupBytes(sparse24: true)..];
            }
        }

        return packed;
    }

    private static void PackLane(Sparse24Matrix matrix, int firstFeature, int firstInput, int fragment, int lane, int place, Span<byte> block)
    {
        int g = lane / 4, t = lane % 4;
        for (var word = 0; word < 4; word++) // registers a0..a3: a1 and a3 are row g + 8, a2 and a3 columns from 32 on
        {
            var feature = firstFeature + WeightLayout.Feature(fragment, g + word % 2 * 8);
            var column = firstInput + word / 2 * 32 + t * 8;
            if (feature >= matrix.Out || column >= matrix.In) continue;
            var codes = matrix.Values.AsSpan((feature * matrix.In + column) / 2, 4); // In is a multiple of 8: all inside
            MemoryMarshal.AsBytes(codes).CopyTo(block[(place * 16 + word * 4)..]);
        }

        uint metadata = 0;
        var row = firstFeature + WeightLayout.Feature(fragment, g + lane % 2 * 8);
        for (var chunk = 0; chunk < 8; chunk++)
            metadata |= Places(matrix, row, firstInput + lane / 2 % 2 * 32 + chunk * 4) << (4 * chunk);
        BinaryPrimitives.WriteUInt32LittleEndian(block[(ValueBytes + place * 4)..], metadata);
    }

    // Places of the two kept codes of four columns, first | second << 2: the same nibble as in Sparse24Matrix.Positions.
    private static uint Places(Sparse24Matrix matrix, int row, int column) =>
        row < matrix.Out && column < matrix.In
            ? (uint)(matrix.Positions[(row * matrix.In + column) / 8] >> (column & 4)) & 0xF
            : PaddingPlaces;
}

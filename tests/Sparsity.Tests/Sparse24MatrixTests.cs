using CsCheck;
using QatKit.Core.Diagnostics;

namespace QatKit.Sparsity.Tests;

public sealed class Sparse24MatrixTests
{
    // A group with zero, one or two non-zero codes at any two places.
    private static readonly Gen<sbyte[]> Group = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], Gen.SByte, Gen.SByte, (i, j, a, b) =>
    {
        var group = new sbyte[4];
        group[i] = a;
        group[j] = b;
        return group;
    });

    private static readonly Gen<(int Out, int In, sbyte[] Codes)> Matrix =
        Gen.Select(Gen.Int[1, 6], Gen.Int[1, 5]).SelectMany((o, i) => Group.Array[o * i * 2].Select(g => (o, i * 8, g.SelectMany(x => x).ToArray())));

    [Fact]
    public void Unpack_of_pack_is_the_matrix() =>
        Matrix.Sample(m => Sparse24Matrix.Pack(m.Codes, m.Out, m.In).Unpack().AsSpan().SequenceEqual(m.Codes));

    [Fact]
    public void A_straightforward_decoder_reads_the_packed_form() =>
        Matrix.Sample(m =>
        {
            var packed = Sparse24Matrix.Pack(m.Codes, m.Out, m.In);
            return packed.Values.Length == m.Codes.Length / 2 && packed.Positions.Length == m.Codes.Length / 8
                && Decode(packed).AsSpan().SequenceEqual(m.Codes);
        });

    [Fact]
    public void Every_group_has_two_ascending_positions() =>
        Matrix.Sample(m =>
        {
            var packed = Sparse24Matrix.Pack(m.Codes, m.Out, m.In);
            return Enumerable.Range(0, m.Codes.Length / 4).All(g => Position(packed, 2 * g) < Position(packed, 2 * g + 1));
        });

    [Fact]
    public void Zero_groups_name_the_first_two_positions()
    {
        var packed = Sparse24Matrix.Pack([0, 0, 0, 0, 0, 0, 5, 0], 1, 8);
        Assert.Equal([0, 0, 0, 5], packed.Values);
        Assert.Equal(0b1000_0100, Assert.Single(packed.Positions)); // group 0: 0, 1; group 1: 0, 2
    }

    [Fact]
    public void A_group_with_three_codes_is_refused_with_layer_and_place()
    {
        var codes = new sbyte[3 * 16];
        (codes[16 + 8], codes[16 + 9], codes[16 + 11]) = (1, -2, 3);
        var error = Assert.Throws<QatKitException>(() => Sparse24Matrix.Pack(codes, 3, 16, "bert.pooler.dense"));
        Assert.Equal("QK3004 bert.pooler.dense: group [1, 8..11] has 3 non-zero codes; 2:4 holds at most 2. Prune the layer before packing it.", error.Message);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_programming_errors()
    {
        Assert.Throws<ArgumentException>(() => Sparse24Matrix.Pack(new sbyte[12], 1, 12));
        Assert.Throws<ArgumentException>(() => Sparse24Matrix.Pack(new sbyte[8], 2, 8));
    }

    // One code at a time, straight from the format's words.
    private static sbyte[] Decode(Sparse24Matrix packed)
    {
        var codes = new sbyte[packed.Out * packed.In];
        for (var row = 0; row < packed.Out; row++)
        {
            for (var v = 0; v < packed.In / 2; v++)
            {
                var index = row * (packed.In / 2) + v;
                codes[row * packed.In + v / 2 * 4 + Position(packed, index)] = packed.Values[index];
            }
        }

        return codes;
    }

    // The index-th pair of bits of the whole position array.
    private static int Position(Sparse24Matrix packed, int index) => packed.Positions[index / 4] >> (index % 4 * 2) & 3;
}

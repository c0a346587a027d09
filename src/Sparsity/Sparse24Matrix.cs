using QatKit.Core.Diagnostics;

namespace QatKit.Sparsity;

/// <summary>An int8 matrix in 2:4 form: of each group of four codes along <c>in</c>, two codes and their positions.</summary>
/// <remarks>A group always names two different positions in ascending order (<see cref="Sparse24Group"/>), also when codes are zero,
/// so that every group is legal for hardware that reads pairs. One byte of positions holds two groups (eight columns), lowest bits
/// first: <c>p0 | p1 &lt;&lt; 2</c> of the even group, then of the odd one.</remarks>
public sealed class Sparse24Matrix
{
    private Sparse24Matrix(int outputs, int inputs)
    {
        Out = outputs;
        In = inputs;
        Values = new sbyte[(long)outputs * inputs / 2];
        Positions = new byte[(long)outputs * inputs / 8];
    }

    /// <summary>Rows.</summary>
    public int Out { get; }

    /// <summary>Columns of the dense matrix, a multiple of 8.</summary>
    public int In { get; }

    /// <summary>Kept codes, row-major [out, in / 2].</summary>
    public sbyte[] Values { get; }

    /// <summary>2-bit positions of the kept codes within their group, row-major [out, in / 8] bytes.</summary>
    public byte[] Positions { get; }

    /// <summary>Packs a dense matrix.</summary>
    /// <param name="codes">Row-major [out, in], at most two non-zero codes in each group of four.</param>
    /// <param name="outputs">Rows.</param>
    /// <param name="inputs">Columns, a multiple of 8.</param>
    /// <param name="layer">Name for messages.</param>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    /// <exception cref="QatKitException">QK3004: a group has more than two non-zero codes.</exception>
    public static Sparse24Matrix Pack(ReadOnlySpan<sbyte> codes, int outputs, int inputs, string layer = "")
    {
        if (inputs % 8 != 0) throw new ArgumentException($"in = {inputs} is not a multiple of 8.", nameof(inputs));
        if (codes.Length != (long)outputs * inputs)
            throw new ArgumentException($"{codes.Length} codes for [{outputs}, {inputs}].", nameof(codes));
        var packed = new Sparse24Matrix(outputs, inputs);
        for (var i = 0; i < codes.Length; i += 4)
        {
            var group = codes.Slice(i, 4);
            int pair = Sparse24Group.Positions(NonZeroSet(group));
            if (pair == Sparse24Group.TooManyCodes) throw TooMany(codes, inputs, i, layer);
            packed.Values[i / 2] = group[pair & 3];
            packed.Values[i / 2 + 1] = group[pair >> 2];
            packed.Positions[i / 8] |= (byte)(pair << (i & 4));
        }

        return packed;
    }

    /// <summary>The dense matrix, row-major [out, in].</summary>
    public sbyte[] Unpack()
    {
        var codes = new sbyte[(long)Out * In];
        for (var i = 0; i < codes.Length; i += 4)
        {
            var pair = Positions[i / 8] >> (i & 4);
            codes[i + (pair & 3)] = Values[i / 2];
            codes[i + (pair >> 2 & 3)] = Values[i / 2 + 1];
        }

        return codes;
    }

    private static int NonZeroSet(ReadOnlySpan<sbyte> group) =>
        (group[0] != 0 ? 1 : 0) | (group[1] != 0 ? 2 : 0) | (group[2] != 0 ? 4 : 0) | (group[3] != 0 ? 8 : 0);

    private static QatKitException TooMany(ReadOnlySpan<sbyte> codes, int inputs, int start, string layer)
    {
        var (row, column) = (start / inputs, start % inputs);
        var count = 4 - codes.Slice(start, 4).Count((sbyte)0);
        return new QatKitException("QK3004", layer, $"group [{row}, {column}..{column + 3}] has {count} non-zero codes; 2:4 holds at most 2. Prune the layer before packing it.");
    }
}

namespace QatKit.Sparsity;

/// <summary>Which two positions a group of four codes names.</summary>
public static class Sparse24Group
{
    /// <summary>Stands for a group of more than two non-zero codes, which 2:4 cannot hold.</summary>
    public const byte TooManyCodes = 255;

    // By the set of non-zero codes, filled up with the lowest zero ones to two.
    private static ReadOnlySpan<byte> PairOf =>
    [
        0b01_00, 0b01_00, 0b01_00, 0b01_00, 0b10_00, 0b10_00, 0b10_01, TooManyCodes,
        0b11_00, 0b11_00, 0b11_01, TooManyCodes, 0b11_10, TooManyCodes, TooManyCodes, TooManyCodes,
    ];

    /// <summary>The two positions in ascending order, <c>p0 | p1 &lt;&lt; 2</c>, or <see cref="TooManyCodes"/>.</summary>
    /// <param name="nonZero">The set of non-zero codes: bit j says that code j is not 0; 0 to 15.</param>
    public static byte Positions(int nonZero) => PairOf[nonZero];
}

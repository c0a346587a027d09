namespace QatKit.GpuCheck.Soak;

/// <summary>One model of the soak.</summary>
/// <param name="Shape">Sizes, see <see cref="InferenceEngine.Benchmarking.ModelShape"/>.</param>
/// <param name="Sparse24">2:4 weights.</param>
/// <param name="Share">Part of all sentences, in 1/1000.</param>
internal sealed record SoakModel(string Shape, bool Sparse24, int Share)
{
    /// <summary>Longest sentence, in tokens.</summary>
    public const int MaxPositions = 512;

    /// <summary>All models, dense and 2:4: many sentences through small models, where every path is cheap to reach, and enough through
    /// real ones. <c>3x96x3x208</c> has heads and an FFN that fill no tile.</summary>
    public static IReadOnlyList<SoakModel> All { get; } =
    [
        .. Both("bert-tiny", 190), .. Both("3x96x3x208", 80), .. Both("4x256x8x1024", 90), .. Both("2x768x12x3072", 70),
        .. Both("1x1024x16x4096", 40), .. Both("bert-base", 20), .. Both("bert-large", 10),
    ];

    private static SoakModel[] Both(string shape, int share) => [new(shape, false, share), new(shape, true, share)];

    /// <summary>Name for people.</summary>
    public override string ToString() => $"{Shape} {(Sparse24 ? "2:4" : "dense")}";
}

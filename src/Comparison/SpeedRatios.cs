namespace QatKit.Comparison;

/// <summary>What follows from the final's medians.</summary>
internal static class SpeedRatios
{
    private const string All = "all, both", FirstToken = "first token, both", AsShipped = "first token : all";

    /// <summary>Each kind of QatKit's kernels against each precision of ONNX Runtime, and the kinds against each other.</summary>
    public static IReadOnlyList<SpeedRatio> Of(IReadOnlyList<Contender> final)
    {
        List<SpeedRatio> ratios = [];
        Contender? Ours(string form, bool firstOnly) => Fastest(c => c.Engine == Contender.Ours && c.Form == form && c.FirstTokenOnly == firstOnly);
        Contender? Theirs(string precision, bool firstOnly) => Fastest(c => c.Engine == Contender.Theirs && c.Precision == precision && c.FirstTokenOnly == firstOnly);
        Contender? Fastest(Func<Contender, bool> isMeant) => final.Where(isMeant).MinBy(c => c.Timing.MedianMilliseconds);
        void Add(string faster, string slower, string rows, Contender? fast, Contender? slow, string note = "")
        {
            if (fast is not null && slow is not null)
                ratios.Add(new SpeedRatio(faster, slower, rows, slow.Timing.MedianMilliseconds / fast.Timing.MedianMilliseconds, note));
        }

        foreach (var form in new[] { Contender.Dense, Contender.Sparse24 })
        {
            foreach (var precision in new[] { Contender.Int8, Contender.Float32 })
            {
                var (us, them) = ($"{Contender.Ours} {form}", $"{Contender.Theirs} {precision}");
                Contender? theirAll = Theirs(precision, false), theirFirst = Theirs(precision, true);
                Add(us, them, All, Ours(form, false), theirAll);
                Add(us, them, FirstToken, Ours(form, true), theirFirst, MissingCut(final, theirAll, theirFirst));
                Add(us, them, AsShipped, Ours(form, true), theirAll);
            }
        }

        foreach (var (rows, firstOnly) in new[] { (All, false), (FirstToken, true) })
            Add($"{Contender.Ours} {Contender.Sparse24}", $"{Contender.Ours} {Contender.Dense}", rows, Ours(Contender.Sparse24, firstOnly), Ours(Contender.Dense, firstOnly));
        return ratios;
    }

    // A ratio against cut graphs says nothing of a form without one, which may be the faster opponent.
    private static string MissingCut(IReadOnlyList<Contender> final, Contender? fastestAll, Contender? fastestCut) =>
        fastestAll is null || fastestCut is null || final.Any(c => c.FirstTokenOnly && c.Engine == fastestAll.Engine && c.Form == fastestAll.Form)
            ? ""
            : $"against {fastestCut.Form}: the form that is fastest with all rows, {fastestAll.Form}, has no cut that is right";
}

namespace QatKit.GpuCheck.Soak;

/// <summary>What the soak found.</summary>
/// <param name="Wanted">Sentences asked for.</param>
/// <param name="Models">One entry for each model that was begun.</param>
/// <param name="Seconds">Wall time.</param>
internal sealed record SoakReport(int Wanted, IReadOnlyList<SoakModelReport> Models, double Seconds)
{
    /// <summary>Sentences compared.</summary>
    public int Sentences => Models.Sum(m => m.Sentences);

    /// <summary>Sentences whose logits differ in a bit.</summary>
    public int Different => Models.Sum(m => m.Different);

    /// <summary>True when sentences were left at the end of the time.</summary>
    public bool TimeWasOver { get; init; }

    /// <summary>True when every sentence for which there was time was compared, and every bit was equal.</summary>
    public bool Passed => (Sentences == Wanted || (TimeWasOver && Sentences > 0)) && Models.All(m => m.Different == 0 && m.Divergences.Count == 0);
}

/// <summary>What one model's part found.</summary>
/// <param name="Model">Shape and format.</param>
/// <param name="Expected">What computed the expected bits.</param>
/// <param name="Actual">What was compared with it.</param>
/// <param name="Batches">Batches.</param>
/// <param name="Sentences">Sentences.</param>
/// <param name="Tokens">Tokens.</param>
/// <param name="Numbers">Numbers compared: logits, and every intermediate tensor of the batches that were traced.</param>
/// <param name="Different">Sentences whose logits differ in a bit.</param>
/// <param name="Divergences">The first differences: batch, tensor, index, both values.</param>
/// <param name="ExpectedSeconds">Time of the expected side.</param>
/// <param name="ActualSeconds">Time of the other side, first runs and captures included.</param>
internal sealed record SoakModelReport(
    string Model, string Expected, string Actual, int Batches, int Sentences, long Tokens, long Numbers, int Different,
    IReadOnlyList<string> Divergences, double ExpectedSeconds, double ActualSeconds);

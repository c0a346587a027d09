using System.Globalization;

namespace QatKit.Testing.Reports;

/// <summary>The first place where two implementations differ.</summary>
/// <param name="Tensor">Name of the tensor: a module path, or <c>logits</c>.</param>
/// <param name="Row">Row: a token, or a sequence for pooled tensors.</param>
/// <param name="Column">Feature.</param>
/// <param name="Expected">Code or value of the specification.</param>
/// <param name="Actual">Code or value under test.</param>
/// <param name="BeforeRounding">The value that was rounded to the expected code, where known.</param>
/// <param name="Count">How many elements of this tensor differ.</param>
/// <param name="Total">How many elements this tensor has.</param>
public sealed record Divergence(
    string Tensor, int Row, int Column, string Expected, string Actual, float? BeforeRounding, int Count, int Total)
{
    /// <summary>One sentence.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"first divergence in {Tensor} at [{Row}, {Column}]: expected {Expected}, actual {Actual}")
        + (BeforeRounding is { } v ? string.Create(CultureInfo.InvariantCulture, $", before rounding {v:R}") : "")
        + string.Create(CultureInfo.InvariantCulture, $"; {Count} of {Total} elements differ");
}

namespace QatKit.Testing.Reports;

/// <summary>One comparison of a rung.</summary>
/// <param name="Name">What was compared, for example <c>reference : avx2</c>.</param>
/// <param name="Passed">Whether all bits are equal.</param>
/// <param name="Compared">How many numbers were compared.</param>
/// <param name="Divergence">The first difference, when there is one.</param>
/// <param name="Note">Why it was not applicable, or where it happened.</param>
public sealed record CheckReport(string Name, bool Passed, long Compared, Divergence? Divergence = null, string? Note = null);

/// <summary>One rung of the verification ladder.</summary>
/// <param name="Rung">P0 to P4.</param>
/// <param name="Title">What it compares.</param>
/// <param name="Checks">The comparisons.</param>
public sealed record RungReport(string Rung, string Title, IReadOnlyList<CheckReport> Checks)
{
    /// <summary>True when every check passed.</summary>
    public bool Passed => Checks.All(c => c.Passed);
}

namespace QatKit.Comparison;

/// <summary>How many times faster one contender is than another.</summary>
/// <param name="Faster">Numerator's name: the one that is hoped to be faster.</param>
/// <param name="Slower">The other.</param>
/// <param name="Rows">Which rows each side computes in the last layer.</param>
/// <param name="Ratio">Median of <paramref name="Slower"/> / median of <paramref name="Faster"/>, each the fastest of its kind.</param>
/// <param name="Note">What a reader must know of it, when there is something.</param>
public sealed record SpeedRatio(string Faster, string Slower, string Rows, double Ratio, string Note = "");

namespace QatKit.Training.Data;

/// <summary>One row of a data set.</summary>
/// <param name="Text">The text, or the first of a pair.</param>
/// <param name="Pair">The second text; null for single texts.</param>
/// <param name="Label">Class index, or the target value of a regression; null in a split without labels.</param>
public sealed record TextExample(string Text, string? Pair, float? Label);

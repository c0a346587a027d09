namespace QatKit.Training.Data;

/// <summary>One split of a data set in memory.</summary>
/// <param name="Source">File name or <c>builtin:</c> name, for messages.</param>
/// <param name="Examples">The rows in file order.</param>
/// <param name="Labels">Class names in the order of their indices; empty for a regression.</param>
/// <param name="Sha256">SHA-256 of the content the rows came from, lower-case hexadecimal.</param>
public sealed record TextDataset(string Source, IReadOnlyList<TextExample> Examples, IReadOnlyList<string> Labels, string Sha256)
{
    /// <summary>True when every row has a label.</summary>
    public bool HasLabels => Examples.All(e => e.Label is not null);
}

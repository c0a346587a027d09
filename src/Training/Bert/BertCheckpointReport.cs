namespace QatKit.Training.Bert;

/// <summary>What a checkpoint gave and what it did not.</summary>
/// <param name="Loaded">Parameters taken from the file.</param>
/// <param name="Initialized">Head parameters that the file lacks; they keep their seeded random values.</param>
/// <param name="Ignored">Tensors of the file that a classifier has no use for (pre-training heads, position ids).</param>
public sealed record BertCheckpointReport(
    IReadOnlyList<string> Loaded, IReadOnlyList<string> Initialized, IReadOnlyList<string> Ignored)
{
    /// <summary>One line.</summary>
    public override string ToString()
    {
        var text = $"{Loaded.Count} parameters loaded";
        if (Initialized.Count > 0) text += $"; not in the checkpoint, initialised: {string.Join(", ", Initialized)}";
        if (Ignored.Count > 0) text += $"; in the checkpoint, ignored: {string.Join(", ", Ignored)}";
        return text;
    }
}

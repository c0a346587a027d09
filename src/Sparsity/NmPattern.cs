namespace QatKit.Sparsity;

/// <summary>An N:M pattern: of each group of M consecutive weights along <c>in</c>, N are kept. A closed set: 2:4.</summary>
public sealed record NmPattern
{
    private NmPattern(int kept, int groupSize, int outputMultiple, int inputMultiple) =>
        (Kept, GroupSize, OutputMultiple, InputMultiple) = (kept, groupSize, outputMultiple, inputMultiple);

    /// <summary>Two of four, the pattern of sparse tensor cores.</summary>
    public static NmPattern TwoFour { get; } = new(2, 4, 8, 16);

    /// <summary>N: weights kept of a group.</summary>
    public int Kept { get; }

    /// <summary>M: weights of a group.</summary>
    public int GroupSize { get; }

    /// <summary>Outputs of an eligible layer are a multiple of this.</summary>
    public int OutputMultiple { get; }

    /// <summary>Inputs of an eligible layer are a multiple of this.</summary>
    public int InputMultiple { get; }

    /// <summary>The name, <c>2:4</c>.</summary>
    public string Name => $"{Kept}:{GroupSize}";

    /// <summary>Why a weight matrix of this shape cannot be pruned, or null when it can.</summary>
    public string? IneligibleReason(int outputs, int inputs)
    {
        if (outputs % OutputMultiple != 0) return $"out = {outputs} is not a multiple of {OutputMultiple}";
        if (inputs % InputMultiple != 0) return $"in = {inputs} is not a multiple of {InputMultiple}";
        return null;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

namespace QatKit.InferenceEngine.Cpu;

/// <summary>A part of a linear layer: rows × blocks of 16 columns.</summary>
internal readonly record struct WorkRange(int RowBegin, int RowEnd, int BlockBegin, int BlockEnd)
{
    /// <summary>The worker's last piece was of the same rows of the same input, and its scratch still holds them packed.</summary>
    public bool RowsPacked { get; init; }

    /// <summary>Part <paramref name="part"/> of <paramref name="count"/> items split as evenly as possible.</summary>
    public static (int Begin, int End) Part(int count, int part, int parts) =>
        ((int)((long)count * part / parts), (int)((long)count * (part + 1) / parts));
}

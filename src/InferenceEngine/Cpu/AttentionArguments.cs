namespace QatKit.InferenceEngine.Cpu;

/// <summary>Inputs and output of the attention of one layer; all matrices are [T, H], each head's columns in one panel.</summary>
internal readonly unsafe struct AttentionArguments
{
    public required sbyte* Query { get; init; }

    public required sbyte* Key { get; init; }

    public required sbyte* Value { get; init; }

    /// <summary>Where the elements of query, key and value lie.</summary>
    public required PanelLayout Layout { get; init; }

    /// <summary>D.</summary>
    public required int HeadDim { get; init; }

    /// <summary>m_qk.</summary>
    public required float ScoreMultiplier { get; init; }

    /// <summary>s_v.</summary>
    public required float ValueScale { get; init; }

    /// <summary>Receives the context as the codes that the output projection reads, [T, H].</summary>
    public required Codes Context { get; init; }
}

/// <summary>One piece of attention work: some queries of one head of one sequence.</summary>
/// <param name="Start">First token of the sequence.</param>
/// <param name="Length">Tokens of the sequence, at least 1.</param>
/// <param name="Head">Head.</param>
/// <param name="QueryBegin">First query, relative to the sequence.</param>
/// <param name="QueryEnd">One after the last query.</param>
internal readonly record struct AttentionWork(int Start, int Length, int Head, int QueryBegin, int QueryEnd);

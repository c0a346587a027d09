namespace QatKit.InferenceEngine.Cpu;

/// <summary>Inputs and output of the attention of one layer; all matrices are [T, H] int8 codes, each head's columns in one panel.</summary>
internal readonly unsafe struct AttentionArguments
{
    /// <summary>q, as the tier's tiles read them.</summary>
    public required Codes Query { get; init; }

    /// <summary>k, without an offset.</summary>
    public required Codes Key { get; init; }

    /// <summary>v, without an offset; lie like keys.</summary>
    public required Codes Value { get; init; }

    /// <summary>D.</summary>
    public required int HeadDim { get; init; }

    /// <summary>m_qk.</summary>
    public required float ScoreMultiplier { get; init; }

    /// <summary>Receives the context as the codes that the output projection reads, of either width.</summary>
    public required Codes Context { get; init; }
}

/// <summary>One piece of attention work: some queries of one head of one sequence.</summary>
/// <param name="Start">First token of the sequence.</param>
/// <param name="Length">Tokens of the sequence, at least 1.</param>
/// <param name="Head">Head.</param>
/// <param name="QueryBegin">First query, relative to the sequence.</param>
/// <param name="QueryEnd">One after the last query.</param>
internal readonly record struct AttentionWork(int Start, int Length, int Head, int QueryBegin, int QueryEnd);

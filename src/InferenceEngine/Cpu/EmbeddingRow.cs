namespace QatKit.InferenceEngine.Cpu;

/// <summary>One row of an embedding table: float values, or int8 codes and the row's scale.</summary>
internal readonly unsafe struct EmbeddingRow
{
    public EmbeddingRow(float* values) => Values = values;

    public EmbeddingRow(sbyte* codes, float scale)
    {
        Codes = codes;
        Scale = scale;
    }

    /// <summary>[H], or null when the row has codes.</summary>
    public float* Values { get; }

    /// <summary>[H].</summary>
    public sbyte* Codes { get; }

    public float Scale { get; }
}

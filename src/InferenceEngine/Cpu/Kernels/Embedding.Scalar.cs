namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Sum of embedding rows: <c>(word + position) + type</c> in float32, in this order; a row of codes is <c>(float)code · scale</c>.</summary>
internal static unsafe partial class Embedding
{
    public static void Scalar(in EmbeddingRow word, in EmbeddingRow position, in EmbeddingRow type, int hidden, float* destination)
    {
        for (var c = 0; c < hidden; c++) destination[c] = At(word, c) + At(position, c) + At(type, c);
    }

    private static float At(in EmbeddingRow row, int column) =>
        row.Values != null ? row.Values[column] : row.Codes[column] * row.Scale;
}

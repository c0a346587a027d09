using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Sum of embedding rows, <c>(word + position) + type</c> in float32, in this order, on the grid of the LayerNorm that follows; a row of codes is
/// <c>(float)code · scale</c>.</summary>
internal static unsafe partial class Embedding
{
    public static RowSums Scalar(in EmbeddingRow word, in EmbeddingRow position, in EmbeddingRow type, int hidden, float gridScale, int* destination) =>
        Scalar(word, position, type, 0, hidden, gridScale, destination);

    // Columns begin .. end − 1.
    private static RowSums Scalar(in EmbeddingRow word, in EmbeddingRow position, in EmbeddingRow type, int begin, int end, float gridScale, int* destination)
    {
        var sums = default(RowSums);
        for (var c = begin; c < end; c++)
        {
            destination[c] = IntegerLayerNorm.ToFixed(At(word, c) + At(position, c) + At(type, c), gridScale);
            sums += RowSums.Of(destination[c]);
        }

        return sums;
    }

    private static float At(in EmbeddingRow row, int column) =>
        row.Values != null ? row.Values[column] : row.Codes[column] * row.Scale;
}

using QatKit.Core.Artifact;
using QatKit.Core.Graph;

namespace QatKit.Export.Onnx;

/// <summary>The float32 weights of a BERT classifier under Hugging Face's names, as plain data.</summary>
/// <param name="Architecture">Sizes.</param>
/// <param name="Tensors">Values by name, row-major: <c>X.weight</c> of a linear layer is [out, in], of an embedding [rows, H].</param>
public sealed record BertWeights(BertArchitecture Architecture, IReadOnlyDictionary<string, float[]> Tensors)
{
    /// <summary>What the codes of a quantized model stand for: code times scale, each product rounded once.</summary>
    public static BertWeights Dequantize(QuantizedGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var tensors = new Dictionary<string, float[]>(StringComparer.Ordinal);
        foreach (var table in new[] { graph.WordEmbeddings, graph.PositionEmbeddings, graph.TokenTypeEmbeddings })
            tensors.Add(TensorNames.Weight(table.Name), Values(table));
        foreach (var norm in graph.LayerNorms)
        {
            tensors.Add(TensorNames.Weight(norm.Name), norm.Gamma);
            tensors.Add(TensorNames.Bias(norm.Name), norm.Beta);
        }

        foreach (var linear in graph.Linears)
        {
            tensors.Add(TensorNames.Weight(linear.Name), Values(linear));
            tensors.Add(TensorNames.Bias(linear.Name), linear.Bias);
        }

        return new BertWeights(graph.Architecture, tensors);
    }

    /// <summary>Values of an embedding table, [rows, H].</summary>
    internal static float[] Values(EmbeddingTable table)
    {
        if (table.Values is not null) return table.Values;
        var values = new float[table.Codes!.Length];
        for (var i = 0; i < values.Length; i++) values[i] = table.Codes[i] * table.RowScale![i / table.Columns];
        return values;
    }

    /// <summary>Weights of a linear layer, [out, in].</summary>
    internal static float[] Values(QuantizedLinear linear)
    {
        var values = new float[(long)linear.Out * linear.In];
        for (var i = 0; i < values.Length; i++)
            values[i] = (linear.Int8Weight is { } int8 ? int8[i] : linear.Int16Weight![i]) * linear.WeightScale[i / linear.In];
        return values;
    }
}

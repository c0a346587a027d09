using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Tests;

/// <summary>Variations of a synthetic graph that its generator does not offer.</summary>
internal static class GraphEdits
{
    /// <summary>Layer 0 with another quantizer at its value projection's input.</summary>
    public static QuantizedGraph WithValueInput(QuantizedGraph graph, QuantizationParameters input)
    {
        var layer = graph.Layers[0];
        var value = layer.Value;
        var edited = new QuantizedEncoderLayer
        {
            Query = layer.Query,
            Key = layer.Key,
            Value = new QuantizedLinear
            {
                Name = value.Name,
                Out = value.Out,
                In = value.In,
                Int8Weight = value.Int8Weight,
                Int16Weight = value.Int16Weight,
                WeightScale = value.WeightScale,
                Input = input,
                Bias = value.Bias,
                Mask = value.Mask,
            },
            QueryOutput = layer.QueryOutput,
            KeyOutput = layer.KeyOutput,
            ValueOutput = layer.ValueOutput,
            AttentionOutput = layer.AttentionOutput,
            AttentionLayerNorm = layer.AttentionLayerNorm,
            Intermediate = layer.Intermediate,
            Output = layer.Output,
            OutputLayerNorm = layer.OutputLayerNorm,
        };
        return With(graph, [edited, .. graph.Layers.Skip(1)], t => t);
    }

    /// <summary>Every parameter as large as the contract allows, with changing signs.</summary>
    public static QuantizedGraph AtTheLimits(QuantizedGraph graph)
    {
        const float max = NumericsContract.MaxMagnitude;
        static void Fill(float[] values)
        {
            for (var i = 0; i < values.Length; i++) values[i] = i % 3 == 0 ? max : -max;
        }

        foreach (var table in new[] { graph.WordEmbeddings, graph.PositionEmbeddings, graph.TokenTypeEmbeddings }) Fill(table.Values!);
        foreach (var norm in graph.LayerNorms)
        {
            Fill(norm.Gamma);
            Fill(norm.Beta);
        }

        foreach (var linear in graph.Linears)
        {
            Fill(linear.Bias);
            double code = linear.Width == CodeWidth.Int8 ? NumericsContract.Int8Max : NumericsContract.Int16Max;
            Array.Fill(linear.WeightScale, (float)(0.999 * max / (code * code * linear.In * linear.Input.Scale)));
        }

        QuantizedGraphValidator.Check(graph);
        return graph;
    }

    /// <summary>All embedding tables as int8 codes with one scale per row.</summary>
    public static QuantizedGraph WithQuantizedEmbeddings(QuantizedGraph graph) => With(graph, graph.Layers, QuantizeRows);

    private static QuantizedGraph With(QuantizedGraph graph, IReadOnlyList<QuantizedEncoderLayer> layers, Func<EmbeddingTable, EmbeddingTable> table) => new()
    {
        Architecture = graph.Architecture,
        WordEmbeddings = table(graph.WordEmbeddings),
        PositionEmbeddings = table(graph.PositionEmbeddings),
        TokenTypeEmbeddings = table(graph.TokenTypeEmbeddings),
        EmbeddingLayerNorm = graph.EmbeddingLayerNorm,
        Layers = layers,
        Pooler = graph.Pooler,
        Classifier = graph.Classifier,
    };

    private static EmbeddingTable QuantizeRows(EmbeddingTable table)
    {
        var codes = new sbyte[table.Values!.Length];
        var scales = new float[table.Rows];
        for (var r = 0; r < table.Rows; r++)
        {
            var row = table.Values.AsSpan(r * table.Columns, table.Columns);
            var amax = 0f;
            foreach (var v in row) amax = Math.Max(amax, Math.Abs(v));
            var p = QuantizationParameters.FromAmax(amax);
            scales[r] = p.Scale;
            AffineQuantizer.Quantize(row, p.InverseScale, codes.AsSpan(r * table.Columns));
        }

        return new EmbeddingTable { Name = table.Name, Rows = table.Rows, Columns = table.Columns, Codes = codes, RowScale = scales };
    }
}

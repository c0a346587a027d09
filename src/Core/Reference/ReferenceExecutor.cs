using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.Core.Reference;

/// <summary>The specification: runs a <see cref="QuantizedGraph"/> with the scalar functions of <c>QatKit.Core.Numerics</c>.</summary>
/// <remarks>Written to be read, not to be fast, and kept that way: every backend is proven equal to it, bit for bit.
/// Letters: T tokens, H hidden, A heads, D head size, F FFN size, B batch, C classes.</remarks>
public static class ReferenceExecutor
{
    /// <summary>Computes the logits of a batch.</summary>
    /// <param name="graph">A graph that <see cref="QuantizedGraphValidator"/> accepts.</param>
    /// <param name="batch">Token sequences.</param>
    /// <param name="trace">Receives every intermediate code tensor, when given.</param>
    /// <returns>Logits, row-major [B, C].</returns>
    /// <exception cref="Diagnostics.QatKitException">The batch does not fit the model.</exception>
    public static float[] Run(QuantizedGraph graph, TokenBatch batch, IActivationTrace? trace = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        TokenBatchValidator.Check(batch, graph.Architecture);
        var hidden = Embed(graph, batch); // [T, H]
        trace?.Record(ModuleNames.EmbeddingLayerNorm, batch.TokenCount, graph.Architecture.Hidden, hidden);
        for (var i = 0; i < graph.Layers.Count; i++)
        {
            // What the previous LayerNorm hands to this layer, as this layer's codes.
            var producer = i == 0 ? ModuleNames.EmbeddingLayerNorm : ModuleNames.OutputLayerNorm(i - 1);
            hidden = EncoderLayer(graph, i, producer, hidden, batch, trace);
        }

        return Head(graph, hidden, batch, trace);
    }

    private static float[] Embed(QuantizedGraph graph, TokenBatch batch)
    {
        var h = graph.Architecture.Hidden;
        var output = new float[batch.TokenCount * h];
        var row = new float[h];
        for (var b = 0; b < batch.Count; b++)
        {
            for (var position = 0; position < batch.LengthOf(b); position++)
            {
                var t = batch.Offsets[b] + position;
                for (var c = 0; c < h; c++)
                {
                    row[c] = graph.WordEmbeddings.At(batch.InputIds[t], c)
                        + graph.PositionEmbeddings.At(position, c)
                        + graph.TokenTypeEmbeddings.At(batch.TokenTypeIds[t], c);
                }

                Norm(graph, graph.EmbeddingLayerNorm, row, output.AsSpan(t * h, h));
            }
        }

        return output;
    }

    private static float[] EncoderLayer(QuantizedGraph graph, int index, string producer, float[] input, TokenBatch batch, IActivationTrace? trace)
    {
        var layer = graph.Layers[index];
        var rows = batch.TokenCount;
        var h = graph.Architecture.Hidden;

        // [T, H] -> codes [T, H] each
        var q = Quantize(Linear(layer.Query, input, rows, producer, trace), layer.QueryOutput, layer.Query.Name, rows, trace);
        var k = Quantize(Linear(layer.Key, input, rows, null, null), layer.KeyOutput, layer.Key.Name, rows, trace);
        var v = Quantize(Linear(layer.Value, input, rows, null, null), layer.ValueOutput, layer.Value.Name, rows, trace);

        var context = Attention(graph.Architecture, layer, q, k, v, batch); // [T, H]
        var attention = Linear(layer.AttentionOutput, context, rows, ModuleNames.Context(index), trace); // [T, H]
        AddAndNorm(graph, layer.AttentionLayerNorm, attention, input, h);
        trace?.Record(layer.AttentionLayerNorm.Name, rows, h, attention);

        var up = Linear(layer.Intermediate, attention, rows, layer.AttentionLayerNorm.Name, trace); // [T, F]
        for (var i = 0; i < up.Length; i++) up[i] = ElementwiseFunctions.Gelu(up[i]);
        var down = Linear(layer.Output, up, rows, layer.Intermediate.Name, trace); // [T, H]
        AddAndNorm(graph, layer.OutputLayerNorm, down, attention, h);
        trace?.Record(layer.OutputLayerNorm.Name, rows, h, down);
        return down;
    }

    private static float[] Attention(BertArchitecture a, QuantizedEncoderLayer layer, sbyte[] q, sbyte[] k, sbyte[] v, TokenBatch batch)
    {
        int h = a.Hidden, d = a.HeadDim;
        var multiplier = IntegerSoftmax.ScoreMultiplier(layer.QueryOutput.Scale, layer.KeyOutput.Scale, d);
        var context = new float[q.Length]; // [T, H]
        for (var b = 0; b < batch.Count; b++)
        {
            int start = batch.Offsets[b], length = batch.LengthOf(b);
            var scores = new int[length];
            var codes = new byte[length];
            for (var head = 0; head < a.Heads; head++)
            {
                for (var i = 0; i < length; i++)
                {
                    var query = q.AsSpan((start + i) * h + head * d, d);
                    for (var j = 0; j < length; j++)
                        scores[j] = IntegerGemm.Dot(query, k.AsSpan((start + j) * h + head * d, d));
                    var z = IntegerSoftmax.Codes(scores, multiplier, codes);
                    for (var c = 0; c < d; c++)
                    {
                        var acc = 0;
                        for (var j = 0; j < length; j++) acc += codes[j] * v[(start + j) * h + head * d + c];
                        context[(start + i) * h + head * d + c] = IntegerSoftmax.Context(acc, layer.ValueOutput.Scale, z);
                    }
                }
            }
        }

        return context;
    }

    private static float[] Head(QuantizedGraph graph, float[] hidden, TokenBatch batch, IActivationTrace? trace)
    {
        var h = graph.Architecture.Hidden;
        var first = new float[batch.Count * h]; // [B, H]: the first token of each sequence
        for (var b = 0; b < batch.Count; b++) hidden.AsSpan(batch.Offsets[b] * h, h).CopyTo(first.AsSpan(b * h));
        var pooled = Linear(graph.Pooler, first, batch.Count, ModuleNames.OutputLayerNorm(graph.Layers.Count - 1), trace);
        for (var i = 0; i < pooled.Length; i++) pooled[i] = ElementwiseFunctions.Tanh(pooled[i]);
        var logits = Linear(graph.Classifier, pooled, batch.Count, graph.Pooler.Name, trace); // [B, C]
        trace?.Record(ModuleNames.Logits, batch.Count, graph.Architecture.Classes, logits);
        return logits;
    }

    private static void AddAndNorm(QuantizedGraph graph, QuantizedLayerNorm norm, float[] y, float[] residual, int h)
    {
        for (var i = 0; i < y.Length; i++) y[i] += residual[i];
        for (var t = 0; t < y.Length; t += h) Norm(graph, norm, y.AsSpan(t, h), y.AsSpan(t, h));
    }

    private static void Norm(QuantizedGraph graph, QuantizedLayerNorm norm, ReadOnlySpan<float> row, Span<float> output) =>
        IntegerLayerNorm.Normalize(row, norm.Gamma, norm.Beta, norm.Exponent, graph.Architecture.LayerNormEpsilon, output);

    private static sbyte[] Quantize(float[] values, QuantizationParameters parameters, string name, int rows, IActivationTrace? trace)
    {
        var codes = new sbyte[values.Length];
        AffineQuantizer.Quantize(values, parameters.InverseScale, codes);
        trace?.RecordUnrounded(name, rows, values.Length / rows, values);
        trace?.Record(name, rows, values.Length / rows, codes);
        return codes;
    }

    // Quantizes the input with the layer's own input quantizer (recording the codes under the producer's name),
    // multiplies and dequantizes: [rows, K] -> [rows, N].
    private static float[] Linear(QuantizedLinear layer, float[] input, int rows, string? producer, IActivationTrace? trace)
    {
        var output = new float[rows * layer.Out];
        var multipliers = layer.Multipliers();
        if (producer is not null) trace?.RecordUnrounded(producer, rows, layer.In, input);
        if (layer.Int8Weight is { } int8)
        {
            var x = new sbyte[input.Length];
            AffineQuantizer.Quantize(input, layer.Input.InverseScale, x);
            if (producer is not null) trace?.Record(producer, rows, layer.In, x);
            for (var r = 0; r < rows; r++)
            {
                for (var n = 0; n < layer.Out; n++)
                {
                    var acc = IntegerGemm.Dot(x.AsSpan(r * layer.In, layer.In), int8.AsSpan(n * layer.In, layer.In));
                    output[r * layer.Out + n] = IntegerGemm.Epilogue(acc, multipliers[n], layer.Bias[n]);
                }
            }
        }
        else
        {
            var x = new short[input.Length];
            AffineQuantizer.QuantizeInt16(input, layer.Input.InverseScale, x);
            if (producer is not null) trace?.Record(producer, rows, layer.In, x);
            for (var r = 0; r < rows; r++)
            {
                for (var n = 0; n < layer.Out; n++)
                {
                    var acc = IntegerGemm.Dot(x.AsSpan(r * layer.In, layer.In), layer.Int16Weight.AsSpan(n * layer.In, layer.In));
                    output[r * layer.Out + n] = IntegerGemm.Epilogue(acc, multipliers[n], layer.Bias[n]);
                }
            }
        }

        return output;
    }
}

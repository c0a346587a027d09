using QatKit.Core.Graph;
using QatKit.Export.Onnx;

namespace QatKit.Comparison.Onnx;

/// <summary>The nodes of one form: a method per piece of the model, each returning the name of its output.</summary>
/// <remarks>Letters: B batch, S sequence, H hidden, A heads, D head size, K inputs, N outputs of a linear layer.</remarks>
internal sealed class OpponentNodes
{
    private const string Microsoft = "com.microsoft";

    private readonly OpponentForm _form;
    private readonly bool _sevenBits;
    private readonly OnnxAttribute _epsilon;
    private readonly Dictionary<string, string> _first = [];
    private readonly Dictionary<string, (string Codes, string Scale, string ZeroPoint)> _quantized = [];

    /// <param name="form">Operators and weights.</param>
    /// <param name="architecture">Sizes.</param>
    /// <param name="sevenBits">See <see cref="OpponentWeightTable.SignedCodes"/>.</param>
    public OpponentNodes(OpponentForm form, BertArchitecture architecture, bool sevenBits)
    {
        _form = form;
        _sevenBits = sevenBits;
        _epsilon = OnnxAttribute.Float("epsilon", (float)architecture.LayerNormEpsilon);
        Graph = new OnnxGraphBuilder("bert", irVersion: 10, opset: 21).Opset(Microsoft, 1);
    }

    public OnnxGraphBuilder Graph { get; }

    private bool Fused => _form.Fusion != Fusion.None;

    /// <summary>Word, position and type embedding and LayerNorm: [B, S] -> [B, S, H].</summary>
    public string Embed(QuantizedGraph model, string ids, string types, int sequence)
    {
        var h = model.Architecture.Hidden;
        string Table(EmbeddingTable t, int rows)
        {
            var values = new float[rows * h];
            for (var i = 0; i < values.Length; i++) values[i] = t.At(i / h, i % h);
            return Floats(t.Name, [rows, h], values);
        }

        var norm = model.EmbeddingLayerNorm;
        var word = Table(model.WordEmbeddings, model.WordEmbeddings.Rows);
        var position = Table(model.PositionEmbeddings, sequence);
        var type = Table(model.TokenTypeEmbeddings, model.TokenTypeEmbeddings.Rows);
        if (Fused)
        {
            var (gamma, beta) = Affine(norm);
            Graph.Node("EmbedLayerNormalization", norm.Name, [ids, types, word, position, type, gamma, beta], [norm.Name, "no_mask"], [_epsilon], Microsoft);
            return norm.Name;
        }

        var sum = Graph.Node("Add", "embeddings/sum", [Graph.Node("Gather", "embeddings/word", [word, ids]), Graph.Node("Gather", "embeddings/type", [type, types])]);
        return Normalize(Graph.Node("Add", "embeddings/positions", [sum, position]), norm);
    }

    /// <summary>A linear layer: [.., K] -> [.., N]. The bias is either in the value or named beside it.</summary>
    public (string Value, string Bias) Linear(QuantizedLinear layer, string x)
    {
        var table = new OpponentWeightTable(layer);
        var bias = Bias(layer.Name, table);
        if (!_form.IsInt8 || !table.IsInt8) return (Graph.Node("MatMul", layer.Name, [x, Values(layer.Name, table)]), bias);

        var (weight, scale, zero) = Codes(layer.Name, table);
        if (Fused) return (Graph.Node("DynamicQuantizeMatMul", layer.Name, [x, weight, scale, zero, bias], null, Microsoft), "");

        var input = Quantize(x);
        var sums = Graph.Node("MatMulInteger", layer.Name + "/sums", [input.Codes, weight, input.ZeroPoint, zero]);
        var real = Graph.Node("Cast", layer.Name + "/float", [sums], [OnnxAttribute.Int("to", (long)OnnxElementType.Float)]);
        var multiplier = Graph.Node("Mul", layer.Name + "/multiplier", [input.Scale, scale]);
        return (Graph.Node("Mul", layer.Name, [real, multiplier]), bias);
    }

    /// <summary>A linear layer with its bias in the value.</summary>
    public string LinearWithBias(QuantizedLinear layer, string x)
    {
        var (value, bias) = Linear(layer, x);
        return bias.Length == 0 ? value : Graph.Node("Add", layer.Name + "/bias", [value, bias]);
    }

    /// <summary>Projections and attention: [B, S, H] -> [B, S, H], or [B, 1, H] when only first tokens are wanted.</summary>
    public string Attend(QuantizedEncoderLayer layer, string x, BertArchitecture a, string name, bool firstOnly)
    {
        if (_form.Fusion == Fusion.Attention)
        {
            var all = PackedAttention(layer, x, a, name);
            return firstOnly ? First(all) : all;
        }

        var queries = firstOnly ? First(x) : x;
        if (Fused)
        {
            var (q, k, v) = (Projection(layer.Query, queries), Projection(layer.Key, x), Projection(layer.Value, x));
            return Graph.Node("MultiHeadAttention", name, [q, k, v], [OnnxAttribute.Int("num_heads", a.Heads)], Microsoft);
        }

        string Heads(QuantizedLinear projection, string input, params ReadOnlySpan<long> order) =>
            Transpose(Reshape(LinearWithBias(projection, input), 0, 0, a.Heads, a.HeadDim), order);
        var query = Heads(layer.Query, queries, 0, 2, 1, 3); // [B, A, S, D]
        var key = Heads(layer.Key, x, 0, 2, 3, 1); // [B, A, D, S]
        var value = Heads(layer.Value, x, 0, 2, 1, 3); // [B, A, S, D]
        var scale = Floats(name + "/scale", [], [1 / MathF.Sqrt(a.HeadDim)]);
        var scores = Graph.Node("Mul", name + "/scores", [Graph.Node("MatMul", name + "/products", [query, key]), scale]);
        var probabilities = Graph.Node("Softmax", name + "/probabilities", [scores], [OnnxAttribute.Int("axis", -1)]);
        return Reshape(Transpose(Graph.Node("MatMul", name, [probabilities, value]), 0, 2, 1, 3), 0, 0, a.Hidden);
    }

    /// <summary><c>LayerNorm(value + bias + residual)</c>.</summary>
    public string AddAndNormalize((string Value, string Bias) y, string residual, QuantizedLayerNorm norm)
    {
        if (Fused)
        {
            var (gamma, beta) = Affine(norm);
            return Graph.Node("SkipLayerNormalization", norm.Name, [y.Value, residual, gamma, beta, y.Bias], [_epsilon], Microsoft);
        }

        var value = Graph.Node("Add", norm.Name + "/bias", [y.Value, y.Bias]);
        return Normalize(Graph.Node("Add", norm.Name + "/sum", [value, residual]), norm);
    }

    /// <summary><c>GELU(value + bias)</c>, the exact one.</summary>
    public string Gelu((string Value, string Bias) y)
    {
        var name = y.Value + "/gelu";
        if (!Fused) return Graph.Node("Gelu", name, [Graph.Node("Add", y.Value + "/bias", [y.Value, y.Bias])]);
        return y.Bias.Length == 0
            ? Graph.Node("Gelu", name, [y.Value], null, Microsoft)
            : Graph.Node("BiasGelu", name, [y.Value, y.Bias], null, Microsoft);
    }

    /// <summary>The first token of each sequence: [B, S, H] -> [B, 1, H].</summary>
    public string First(string x)
    {
        if (_first.TryGetValue(x, out var known)) return known;
        if (_first.Count == 0) Graph.Initializer<long>("first_token", [1], [0]);
        return _first[x] = Graph.Node("Gather", x + "/first", [x, "first_token"], [OnnxAttribute.Int("axis", 1)]);
    }

    /// <summary>Another shape of the same elements; 0 keeps an axis.</summary>
    public string Reshape(string x, params ReadOnlySpan<long> shape) =>
        Graph.Node("Reshape", x + "/reshaped", [x, Graph.Initializer(x + "/shape", [shape.Length], shape)]);

    private string Transpose(string x, params ReadOnlySpan<long> order) => Graph.Node("Transpose", x + "/transposed", [x], [OnnxAttribute.Ints("perm", order)]);

    // The projection before MultiHeadAttention: one quantized input serves three products.
    private string Projection(QuantizedLinear layer, string x)
    {
        var table = new OpponentWeightTable(layer);
        if (!_form.IsInt8 || !table.IsInt8) return LinearWithBias(layer, x);
        var (weight, scale, zero) = Codes(layer.Name, table);
        var input = Quantize(x);
        return Graph.Node("MatMulIntegerToFloat", layer.Name,
            [input.Codes, weight, input.Scale, scale, input.ZeroPoint, zero, Bias(layer.Name, table)], null, Microsoft);
    }

    private string PackedAttention(QuantizedEncoderLayer layer, string x, BertArchitecture a, string name)
    {
        var table = new OpponentWeightTable(layer.Query, layer.Key, layer.Value); // [H, 3·H]
        var heads = OnnxAttribute.Int("num_heads", a.Heads);
        var bias = Bias(name, table);
        if (!_form.IsInt8 || !table.IsInt8) return Graph.Node("Attention", name, [x, Values(name, table), bias], [heads], Microsoft);
        var (weight, scale, zero) = Codes(name, table);
        var input = Quantize(x);
        return Graph.Node("QAttention", name, [input.Codes, weight, bias, input.Scale, scale, "", input.ZeroPoint, zero], [heads], Microsoft);
    }

    // u8 codes of a tensor, its scale and zero-point, once for all that read them.
    private (string Codes, string Scale, string ZeroPoint) Quantize(string x)
    {
        if (_quantized.TryGetValue(x, out var known)) return known;
        var result = (x + "/codes", x + "/scale", x + "/zero_point");
        Graph.Node("DynamicQuantizeLinear", x + "/quantize", [x], [result.Item1, result.Item2, result.Item3]);
        return _quantized[x] = result;
    }

    private (string Weight, string Scale, string ZeroPoint) Codes(string name, OpponentWeightTable table)
    {
        long[] shape = [table.Inputs, table.Outputs];
        var (weightName, zeroName) = (name + ".codes", name + ".zero_point");
        float[] scales;
        if (_form.Weights == OpponentWeights.Int8)
        {
            (var codes, scales) = table.SignedCodes(_sevenBits);
            Graph.Initializer<sbyte>(weightName, shape, codes);
            Graph.Initializer<sbyte>(zeroName, [], [0]);
        }
        else
        {
            (var codes, scales) = table.UnsignedCodes();
            Graph.Initializer<byte>(weightName, shape, codes);
            Graph.Initializer<byte>(zeroName, [], [128]);
        }

        return (weightName, Floats(name + ".scale", [table.Outputs], scales), zeroName);
    }

    private string Normalize(string x, QuantizedLayerNorm norm)
    {
        var (gamma, beta) = Affine(norm);
        return Graph.Node("LayerNormalization", norm.Name, [x, gamma, beta], [OnnxAttribute.Int("axis", -1), _epsilon]);
    }

    private (string Gamma, string Beta) Affine(QuantizedLayerNorm norm) =>
        (Floats(norm.Name + ".gamma", [norm.Gamma.Length], norm.Gamma), Floats(norm.Name + ".beta", [norm.Beta.Length], norm.Beta));

    private string Values(string name, OpponentWeightTable table) => Floats(name + ".weight", [table.Inputs, table.Outputs], table.Values());

    private string Bias(string name, OpponentWeightTable table) => Floats(name + ".bias", [table.Outputs], table.Bias());

    private string Floats(string name, ReadOnlySpan<long> shape, float[] values) => Graph.Initializer<float>(name, shape, values);
}

using QatKit.Core.Artifact;
using QatKit.Core.Graph;

namespace QatKit.Export.Onnx;

/// <summary>Writes a BERT classifier as ONNX nodes.</summary>
/// <remarks>Letters: B batch, S sequence, H hidden, A heads, D = H / A, F feed-forward, C classes. A node and its output have one name,
/// <c>module/Operator</c>.</remarks>
internal sealed class BertOnnxGraph
{
    /// <summary>What masked keys get added to their scores: exp gives exactly 0, and it is finite in half precision too.</summary>
    private const float Masked = -30000f;

    private const string Batch = "batch", Sequence = "sequence";

    private readonly BertArchitecture _a;
    private readonly OnnxGraphBuilder _g;
    private readonly IBertPrecision _precision;

    private BertOnnxGraph(OnnxGraphBuilder graph, IBertPrecision precision)
    {
        _g = graph;
        _precision = precision;
        _a = precision.Architecture;
    }

    /// <summary>Adds the whole model: token ids, mask and segment ids [B, S] to logits [B, C].</summary>
    /// <param name="graph">Receives the nodes.</param>
    /// <param name="precision">Weights and quantizers.</param>
    /// <param name="firstTokenOnly">See <see cref="OnnxExporter.Build(QuantizedGraph, bool)"/>.</param>
    public static void Add(OnnxGraphBuilder graph, IBertPrecision precision, bool firstTokenOnly)
    {
        var bert = new BertOnnxGraph(graph, precision);
        var ids = graph.Input(OnnxNames.InputIds, OnnxElementType.Int64, Batch, Sequence);
        var mask = graph.Input(OnnxNames.AttentionMask, OnnxElementType.Int64, Batch, Sequence);
        var types = graph.Input(OnnxNames.TokenTypeIds, OnnxElementType.Int64, Batch, Sequence);
        var additive = bert.AdditiveMask(mask);
        bert.AttentionConstants();
        var hidden = bert.Embed(ids, types); // [B, S, H]
        var layers = precision.Architecture.Layers;
        for (var i = 0; i < layers; i++) hidden = bert.Layer(i, hidden, additive, firstTokenOnly && i + 1 == layers);
        bert.Head(hidden);
        graph.Output(OnnxNames.Logits, OnnxElementType.Float, Batch, precision.Architecture.Classes);
    }

    // [B, S] with 1 for tokens and 0 for padding, to [B, 1, 1, S] with 0 and Masked.
    private string AdditiveMask(string mask)
    {
        var axes = _g.Initializer<long>("attention_mask.axes", [2], [1, 2]);
        var wide = _g.Node("Unsqueeze", "attention_mask/Unsqueeze", [mask, axes]);
        var number = _g.Node("Cast", "attention_mask/Cast", [wide], [OnnxAttribute.Int("to", (int)OnnxElementType.Float)]);
        var inverse = _g.Node("Sub", "attention_mask/Sub", [_g.Initializer<float>("attention_mask.one", [], [1f]), number]);
        return _g.Node("Mul", "attention_mask/Mul", [inverse, _g.Initializer<float>("attention_mask.masked", [], [Masked])]);
    }

    private void AttentionConstants()
    {
        _g.Initializer<long>("heads.shape", [4], [0, 0, _a.Heads, _a.HeadDim]);
        _g.Initializer<long>("context.shape", [3], [0, 0, _a.Hidden]);
        _g.Initializer<long>("projections.sizes", [3], [_a.Hidden, _a.Hidden, _a.Hidden]);
        _g.Initializer<float>("scores.divisor", [], [MathF.Sqrt(_a.HeadDim)]);
    }

    private string Embed(string ids, string types)
    {
        var word = _g.Node("Gather", ModuleNames.WordEmbeddings + "/Gather", [Table(ModuleNames.WordEmbeddings, _a.VocabSize), ids]); // [B, S, H]
        // The first S rows of the position table, [S, H].
        var length = _g.Node("Shape", "input_ids/Shape", [ids], [OnnxAttribute.Int("start", 1), OnnxAttribute.Int("end", 2)]);
        var zero = _g.Initializer<long>("zero", [1], [0]);
        var position = _g.Node("Slice", ModuleNames.PositionEmbeddings + "/Slice", [Table(ModuleNames.PositionEmbeddings, _a.MaxPositions), zero, length, zero]);
        var type = _g.Node("Gather", ModuleNames.TokenTypeEmbeddings + "/Gather", [Table(ModuleNames.TokenTypeEmbeddings, _a.TypeVocabSize), types]); // [B, S, H]
        // This order of the two sums is part of the numerics contract.
        var sum = _g.Node("Add", "bert.embeddings/Add", [word, position]);
        return Norm(ModuleNames.EmbeddingLayerNorm, _g.Node("Add", "bert.embeddings/Add_types", [sum, type]));
    }

    private string Table(string module, int rows) => _g.Initializer<float>(TensorNames.Weight(module), [rows, _a.Hidden], _precision.Embedding(module));

    // [B, S, H] -> [B, S, H], or [B, 1, H]
    private string Layer(int i, string hidden, string mask, bool firstTokenOnly)
    {
        var (h, f) = (_a.Hidden, _a.Intermediate);
        var context = Attention(i, hidden, mask);
        if (firstTokenOnly) (context, hidden) = (First(ModuleNames.Context(i), context), First(ModuleNames.Layer(i), hidden));
        var attention = Linear(ModuleNames.AttentionOutput(i), context, h, h); // [B, S, H]
        hidden = Residual(ModuleNames.AttentionLayerNorm(i), attention, hidden);
        var up = Linear(ModuleNames.Intermediate(i), hidden, f, h); // [B, S, F]
        up = _g.Node("Gelu", ModuleNames.Layer(i) + ".intermediate/Gelu", [up]);
        return Residual(ModuleNames.OutputLayerNorm(i), Linear(ModuleNames.Output(i), up, h, f), hidden);
    }

    private string Attention(int i, string hidden, string mask)
    {
        var self = ModuleNames.Context(i);
        var (query, key, value) = Projections(i, hidden); // [B, S, H] each
        var q = Heads(ModuleNames.Query(i), query, 0, 2, 1, 3); // [B, A, S, D]
        var k = Heads(ModuleNames.Key(i), key, 0, 2, 3, 1); // [B, A, D, S]
        var v = Heads(ModuleNames.Value(i), value, 0, 2, 1, 3); // [B, A, S, D]
        var scores = _g.Node("MatMul", self + "/scores/MatMul", [q, k]); // [B, A, S, S]
        scores = _g.Node("Div", self + "/scores/Div", [scores, "scores.divisor"]);
        scores = _g.Node("Add", self + "/scores/Add", [scores, mask]);
        var weights = _g.Node("Softmax", self + "/Softmax", [scores], [OnnxAttribute.Int("axis", -1)]);
        var context = _g.Node("MatMul", self + "/context/MatMul", [weights, v]); // [B, A, S, D]
        context = _g.Node("Transpose", self + "/context/Transpose", [context], [OnnxAttribute.Ints("perm", 0, 2, 1, 3)]); // [B, S, A, D]
        return _g.Node("Reshape", self + "/context/Reshape", [context, "context.shape"]); // [B, S, H]
    }

    // One product for all three where they share their quantizer: three times the work per product, and engines that want one
    // reader per quantizer (ONNX Runtime on x64) still find it.
    private (string Query, string Key, string Value) Projections(int i, string hidden)
    {
        var h = _a.Hidden;
        string[] modules = [ModuleNames.Query(i), ModuleNames.Key(i), ModuleNames.Value(i)];
        if (!_precision.CanStack(modules)) return (Linear(modules[0], hidden, h, h), Linear(modules[1], hidden, h, h), Linear(modules[2], hidden, h, h));
        var stack = OnnxNames.ProjectionStack(i);
        var all = Linear(stack, modules, hidden, 3 * h, h, stack + "/Add"); // [B, S, 3H]
        string[] parts = [.. modules.Select(m => m + "/Split")];
        _g.Node("Split", stack + "/Split", [all, "projections.sizes"], parts, [OnnxAttribute.Int("axis", -1)]);
        return (parts[0], parts[1], parts[2]);
    }

    // A projection in heads, in the order of axes that its product wants.
    private string Heads(string module, string projection, params ReadOnlySpan<long> axes)
    {
        var value = _g.Node("Reshape", module + "/Reshape", [projection, "heads.shape"]); // [B, S, A, D]
        value = _g.Node("Transpose", module + "/Transpose", [value], [OnnxAttribute.Ints("perm", axes)]);
        return _precision.AttentionOperand(_g, module, value);
    }

    private void Head(string hidden)
    {
        var (h, c) = (_a.Hidden, _a.Classes);
        // The axis of length 1 stays until the last product: engines take products of three axes for INT8 more readily.
        var first = First("bert.pooler", hidden);
        var pooled = _g.Node("Tanh", "bert.pooler/Tanh", [Linear(ModuleNames.Pooler, first, h, h)]);
        var row = _g.Node("Squeeze", "bert.pooler/Squeeze", [pooled, _g.Initializer<long>("pooler.axes", [1], [1])]); // [B, H]
        Linear(ModuleNames.Classifier, [ModuleNames.Classifier], row, c, h, OnnxNames.Logits); // [B, C]
    }

    // The first token of each sequence: [B, S, H] -> [B, 1, H]
    private string First(string module, string hidden) => _g.Node("Gather", module + "/Gather", [hidden, "zero"], [OnnxAttribute.Int("axis", 1)]);

    private string Linear(string module, string input, int outputs, int inputs) => Linear(module, [module], input, outputs, inputs, module + "/Add");

    // Layers that read one value, stacked along their outputs, or a single one.
    private string Linear(string name, string[] modules, string input, int outputs, int inputs, string output)
    {
        var x = _precision.LinearInput(_g, name, modules[0], input);
        var product = _g.Node("MatMul", name + "/MatMul", [x, _precision.Weight(_g, name, modules, outputs, inputs)]);
        var bias = _g.Initializer<float>(TensorNames.Bias(name), [outputs], Matrix.Stack(modules.Select(_precision.Bias)));
        _g.Node("Add", name + "/Add", [product, bias], [output]);
        return output;
    }

    private string Residual(string norm, string value, string residual) => Norm(norm, _g.Node("Add", norm + "/Add", [value, residual]));

    private string Norm(string module, string value)
    {
        var (gamma, beta) = _precision.Norm(module);
        var scale = _g.Initializer<float>(TensorNames.Weight(module), [_a.Hidden], gamma);
        var bias = _g.Initializer<float>(TensorNames.Bias(module), [_a.Hidden], beta);
        return _g.Node("LayerNormalization", module + "/LayerNormalization", [value, scale, bias],
            [OnnxAttribute.Int("axis", -1), OnnxAttribute.Float("epsilon", (float)_a.LayerNormEpsilon)]);
    }
}

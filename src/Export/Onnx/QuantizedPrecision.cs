using QatKit.Core.Artifact;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.Export.Onnx;

/// <summary>int8 weights with a scale per output channel, and a QuantizeLinear, DequantizeLinear pair before every int8 product.</summary>
/// <remarks>Layers with int16 codes (the classifier, and those that a recipe leaves out of INT8) become float layers with the
/// weights that their codes stand for: ONNX Runtime has no int16 products and TensorRT no int16 at all, and the codes are
/// so fine that nothing is lost.</remarks>
internal sealed class QuantizedPrecision(QuantizedGraph model) : IBertPrecision
{
    private const string ZeroPoint = "zero_point";

    private readonly Dictionary<string, QuantizedLinear> _linears = model.Linears.ToDictionary(l => l.Name);
    private readonly Dictionary<string, QuantizedLayerNorm> _norms = model.LayerNorms.ToDictionary(n => n.Name);
    private readonly Dictionary<string, string> _pairs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, EmbeddingTable> _tables =
        new[] { model.WordEmbeddings, model.PositionEmbeddings, model.TokenTypeEmbeddings }.ToDictionary(t => t.Name);

    private readonly Dictionary<string, QuantizationParameters> _operands = model.Layers
        .SelectMany(l => new[] { (l.Query.Name, l.QueryOutput), (l.Key.Name, l.KeyOutput), (l.Value.Name, l.ValueOutput) }).ToDictionary();

    public BertArchitecture Architecture => model.Architecture;

    public float[] Embedding(string module) => BertWeights.Values(_tables[module]);

    public (float[] Gamma, float[] Beta) Norm(string module) => (_norms[module].Gamma, _norms[module].Beta);

    public float[] Bias(string module) => _linears[module].Bias;

    public bool CanStack(IReadOnlyList<string> modules) => modules.All(m => _linears[m].Int8Weight is not null);

    public string Weight(OnnxGraphBuilder graph, string name, IReadOnlyList<string> modules, int outputs, int inputs)
    {
        var stacked = modules.Select(m => _linears[m]).ToList();
        var weight = TensorNames.Weight(name);
        if (stacked[0].Int8Weight is null)
            return graph.Initializer<float>(weight, [inputs, outputs], Matrix.Transpose(Matrix.Stack(stacked.Select(BertWeights.Values)), outputs, inputs));
        var codes = graph.Initializer<sbyte>(weight, [inputs, outputs], Matrix.Transpose(Matrix.Stack(stacked.Select(l => l.Int8Weight!)), outputs, inputs));
        var scale = graph.Initializer<float>(TensorNames.WeightScale(name), [outputs], Matrix.Stack(stacked.Select(l => l.WeightScale)));
        var zero = graph.Initializer<sbyte>(weight + "_zero_point", [outputs], new sbyte[outputs]);
        return graph.Node("DequantizeLinear", weight + "/DequantizeLinear", [codes, scale, zero], [OnnxAttribute.Int("axis", 1)]);
    }

    public string LinearInput(OnnxGraphBuilder graph, string name, string module, string value)
    {
        var linear = _linears[module];
        return linear.Int8Weight is null ? value : Pair(graph, value, TensorNames.InputScale(name), linear.Input);
    }

    public string AttentionOperand(OnnxGraphBuilder graph, string module, string value) =>
        Pair(graph, value, TensorNames.OutputScale(module), _operands[module]);

    // One tensor, one quantizer: where two layers read a value, the second finds the first one's pair.
    private string Pair(OnnxGraphBuilder graph, string value, string scaleName, QuantizationParameters parameters)
    {
        if (_pairs.TryGetValue(value, out var known)) return known;
        if (_pairs.Count == 0) graph.Initializer<sbyte>(ZeroPoint, [], [0]);
        var scale = graph.Initializer<float>(scaleName, [], [parameters.Scale]);
        var codes = graph.Node("QuantizeLinear", value + "/QuantizeLinear", [value, scale, ZeroPoint]);
        return _pairs[value] = graph.Node("DequantizeLinear", value + "/DequantizeLinear", [codes, scale, ZeroPoint]);
    }
}

using System.Globalization;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.Testing.Reports;
using QatKit.Testing.Traces;

namespace QatKit.Testing.Golden;

/// <summary>A model whose traced codes are golden vectors, so that any backend can be checked from outside.</summary>
/// <remarks>A linear layer with weights 0 outputs its bias exactly. With the arguments as biases, the codes of query, key
/// and value are <c>quantize8</c> results, those after the FFN's up projection <c>gelu8</c> results, and those after the
/// pooler <c>tanh16</c> results. One quantizer serves one amax, so each amax of the file takes one tensor.</remarks>
public sealed class GoldenProbe
{
    private const int Hidden = 64;
    private const int Intermediate = 128;
    private readonly List<(string Tensor, GoldenVector[] Vectors)> _expected = [];

    private GoldenProbe(QuantizedGraph graph) => Graph = graph;

    /// <summary>The model.</summary>
    public QuantizedGraph Graph { get; private set; }

    /// <summary>How many vectors the model covers.</summary>
    public int Count => _expected.Sum(e => e.Vectors.Length);

    /// <summary>Builds the model.</summary>
    public static GoldenProbe Create(IReadOnlyList<GoldenVector> vectors)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        var projections = new Queue<GoldenVector[]>(Groups(vectors, "quantize8", Hidden));
        var gelus = new Queue<GoldenVector[]>(Groups(vectors, "gelu8", Intermediate));
        var layers = Math.Max((projections.Count + 2) / 3, gelus.Count);
        var architecture = new BertArchitecture(layers, Hidden, 2, Intermediate, 8, 8, 2, 2);
        var blank = SyntheticGraph.Create(architecture, 1);
        var probe = new GoldenProbe(blank);

        var encoder = new List<QuantizedEncoderLayer>();
        for (var i = 0; i < layers; i++)
        {
            var l = blank.Layers[i];
            var (query, queryOutput) = probe.Place(l.Query, l.QueryOutput, projections, l.Query.Name);
            var (key, keyOutput) = probe.Place(l.Key, l.KeyOutput, projections, l.Key.Name);
            var (value, valueOutput) = probe.Place(l.Value, l.ValueOutput, projections, l.Value.Name);
            var (up, geluOutput) = probe.Place(l.Intermediate, l.Output.Input, gelus, l.Intermediate.Name);
            encoder.Add(new QuantizedEncoderLayer
            {
                Query = query,
                Key = key,
                Value = value,
                QueryOutput = queryOutput,
                KeyOutput = keyOutput,
                ValueOutput = valueOutput,
                AttentionOutput = l.AttentionOutput,
                AttentionLayerNorm = l.AttentionLayerNorm,
                Intermediate = up,
                Output = With(l.Output, geluOutput, l.Output.Bias),
                OutputLayerNorm = l.OutputLayerNorm,
            });
        }

        var tanh = new Queue<GoldenVector[]>(Groups(vectors, "tanh16", Hidden));
        var (pooler, tanhOutput) = probe.Place(blank.Pooler, blank.Classifier.Input, tanh, blank.Pooler.Name, NumericsContract.Int16Max);
        probe.Graph = new QuantizedGraph
        {
            Architecture = architecture,
            WordEmbeddings = blank.WordEmbeddings,
            PositionEmbeddings = blank.PositionEmbeddings,
            TokenTypeEmbeddings = blank.TokenTypeEmbeddings,
            EmbeddingLayerNorm = blank.EmbeddingLayerNorm,
            Layers = encoder,
            Pooler = pooler,
            Classifier = With(blank.Classifier, tanhOutput, blank.Classifier.Bias),
        };
        QuantizedGraphValidator.Check(probe.Graph);
        return probe;
    }

    /// <summary>Runs the model and compares every golden code.</summary>
    /// <param name="implementation">An implementation of <see cref="Graph"/> that records traces.</param>
    public CheckReport Check(Implementation implementation)
    {
        ArgumentNullException.ThrowIfNull(implementation);
        var trace = new RecordingTrace();
        implementation.Run(SyntheticGraph.CreateBatch(Graph.Architecture, [3, 8, 1], 1), trace);
        var name = $"golden codes : {implementation.Name}";
        long compared = 0;
        foreach (var (tensor, vectors) in _expected)
        {
            var actual = trace.FindCodes(tensor);
            if (actual is null) return new CheckReport(name, false, compared, Note: $"{tensor} was not recorded");
            for (var i = 0; i < actual.Codes.Length; i++)
            {
                var column = i % actual.Columns;
                if (column >= vectors.Length) continue;
                compared++;
                var vector = vectors[column];
                var code = actual.Codes[i].ToString(CultureInfo.InvariantCulture);
                if (code == vector.Result) continue;
                var divergence = new Divergence(tensor, i / actual.Columns, column, vector.Result, code, GoldenFunctions.Float(vector.Arguments[1]), 1, actual.Codes.Length);
                return new CheckReport(name, false, compared, divergence, $"golden line {vector.Line}");
            }
        }

        return new CheckReport(name, true, compared);
    }

    private (QuantizedLinear Layer, QuantizationParameters Output) Place(
        QuantizedLinear layer, QuantizationParameters output, Queue<GoldenVector[]> groups, string tensor, int maxCode = NumericsContract.Int8Max)
    {
        if (!groups.TryDequeue(out var group)) return (layer, output);
        _expected.Add((tensor, group));
        var bias = new float[layer.Out];
        for (var i = 0; i < group.Length; i++) bias[i] = GoldenFunctions.Float(group[i].Arguments[1]);
        return (With(layer, layer.Input, bias, zeroWeights: true), QuantizationParameters.FromAmax(GoldenFunctions.Float(group[0].Arguments[0]), maxCode));
    }

    // A valid model has no value beyond the contract's largest; those vectors are checked against the reference's functions alone.
    private static IEnumerable<GoldenVector[]> Groups(IReadOnlyList<GoldenVector> vectors, string function, int width) =>
        vectors.Where(v => v.Function == function && MathF.Abs(GoldenFunctions.Float(v.Arguments[1])) <= NumericsContract.MaxMagnitude).GroupBy(v => v.Arguments[0]).SelectMany(g => g.Chunk(width));

    private static QuantizedLinear With(QuantizedLinear l, QuantizationParameters input, float[] bias, bool zeroWeights = false) => new()
    {
        Name = l.Name,
        Out = l.Out,
        In = l.In,
        Int8Weight = zeroWeights && l.Int8Weight is not null ? new sbyte[l.Int8Weight.Length] : l.Int8Weight,
        Int16Weight = l.Int16Weight,
        WeightScale = l.WeightScale,
        Input = input,
        Bias = bias,
        Mask = l.Mask,
    };
}

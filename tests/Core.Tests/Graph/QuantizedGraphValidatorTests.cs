using System.Globalization;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.Core.Tests.Graph;

public sealed class QuantizedGraphValidatorTests
{
    private static readonly BertArchitecture Small = new(1, 16, 2, 32, 20, 8, 2, 2);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Synthetic_models_are_valid(bool sparse24) =>
        QuantizedGraphValidator.Check(SyntheticGraph.Create(Small, 3, sparse24, new HashSet<string> { ModuleNames.Output(0) }));

    [Fact]
    public void Every_damage_is_named()
    {
        var graph = SyntheticGraph.Create(Small, 3, sparse24: true);
        var layer = graph.Layers[0];
        layer.Query.WeightScale[1] = 0;
        layer.Key.WeightScale[0] = float.NaN;
        layer.Value.Bias[2] = float.PositiveInfinity;
        layer.AttentionOutput.Int8Weight![3] = -128;
        graph.EmbeddingLayerNorm.Gamma[0] = float.NaN;
        var masked = Enumerable.Range(0, 16).First(k => !layer.Intermediate.Mask!.IsKept(0, k));
        layer.Intermediate.Int8Weight![masked] = 5;
        layer.Output.Int8Weight![3] = 0;
        layer.Output.Mask!.Bits[0] = 0b0111;
        var e = Assert.Throws<QatKitException>(() => QuantizedGraphValidator.Check(graph));
        var expected = new List<string>
        {
            "QK2003 bert.embeddings.LayerNorm: element 0 is NaN; values must be finite.",
            "QK2001 bert.encoder.layer.0.attention.self.query.weight_scale: scale 0 is not a positive, finite, normal number. Calibrate again; a dead tensor needs data that reaches it.",
            "QK2001 bert.encoder.layer.0.attention.self.key.weight_scale: scale NaN is not a positive, finite, normal number. Calibrate again; a dead tensor needs data that reaches it.",
            "QK2003 bert.encoder.layer.0.attention.self.value.bias: element 2 is Infinity; values must be finite.",
            "QK2004 bert.encoder.layer.0.attention.output.dense: weight code -128 is outside -127..127.",
            $"QK3001 bert.encoder.layer.0.intermediate.dense: weight [0, {masked}] is masked but its code is not 0. Apply the mask before freezing.",
            "QK3001 bert.encoder.layer.0.output.dense: group [0, 0..3] keeps 3 weights; 2:4 keeps exactly 2.",
        };
        // Code 3 of the attention output may itself be masked, which is a second, true complaint.
        if (!layer.AttentionOutput.Mask!.IsKept(0, 3))
            expected.Insert(5, "QK3001 bert.encoder.layer.0.attention.output.dense: weight [0, 3] is masked but its code is not 0. Apply the mask before freezing.");
        Assert.Equal(expected, e.Diagnostics.Select(d => d.ToString()));
    }

    [Fact]
    public void Numbers_are_written_the_same_in_every_country()
    {
        var before = CultureInfo.CurrentCulture;
        var german = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        german.NumberFormat.NumberDecimalSeparator = ",";
        var graph = SyntheticGraph.Create(Small, 3);
        graph.Layers[0].Query.Bias[2] = 1.5e31f;
        graph.Layers[0].Query.WeightScale[1] = -0.5f;
        try
        {
            CultureInfo.CurrentCulture = german;
            var e = Assert.Throws<QatKitException>(() => QuantizedGraphValidator.Check(graph));
            Assert.Equal(
                [
                    "QK2003 bert.encoder.layer.0.attention.self.query.bias: element 2 is 1.5E+31; values must be within ±1E+30.",
                    "QK2001 bert.encoder.layer.0.attention.self.query.weight_scale: scale -0.5 is not a positive, finite, normal number. Calibrate again; a dead tensor needs data that reaches it.",
                ],
                e.Diagnostics.Select(d => d.ToString()));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Values_that_could_overflow_in_a_run_are_named()
    {
        var graph = SyntheticGraph.Create(Small, 3);
        var layer = graph.Layers[0];
        graph.WordEmbeddings.Values![5] = 2e30f;
        layer.Key.Bias[1] = -2e30f;
        layer.Value.WeightScale[0] = 1e29f;
        var bad = new QuantizedGraph
        {
            Architecture = Small with { LayerNormEpsilon = 1e-60 },
            WordEmbeddings = graph.WordEmbeddings,
            PositionEmbeddings = new EmbeddingTable { Name = "positions", Rows = 8, Columns = 16, Codes = new sbyte[8 * 16], RowScale = [1, 1, 1e29f, 1, 1, 1, 1, 1] },
            TokenTypeEmbeddings = graph.TokenTypeEmbeddings,
            EmbeddingLayerNorm = graph.EmbeddingLayerNorm,
            Layers =
            [
                new QuantizedEncoderLayer
                {
                    Query = layer.Query,
                    Key = layer.Key,
                    Value = layer.Value,
                    QueryOutput = new QuantizationParameters(1e-30f),
                    KeyOutput = new QuantizationParameters(1e-20f),
                    ValueOutput = layer.ValueOutput,
                    AttentionOutput = layer.AttentionOutput,
                    AttentionLayerNorm = layer.AttentionLayerNorm,
                    Intermediate = layer.Intermediate,
                    Output = layer.Output,
                    OutputLayerNorm = layer.OutputLayerNorm,
                },
            ],
            Pooler = graph.Pooler,
            Classifier = graph.Classifier,
        };
        const string epsilon = "exponent 16 and layer_norm_eps 1E-60 give eps·H²·4^k = 0, which is not a normal float32. Correct layer_norm_eps.";
        var e = Assert.Throws<QatKitException>(() => QuantizedGraphValidator.Check(bad));
        Assert.Equal(
            [
                "QK2003 bert.embeddings.word_embeddings: element 5 is 2E+30; values must be within ±1E+30.",
                "QK2001 positions.weight_scale: scale 1E+29 lets values exceed 1E+30. Calibrate again.",
                $"QK2005 bert.embeddings.LayerNorm: {epsilon}",
                $"QK2005 bert.encoder.layer.0.attention.output.LayerNorm: {epsilon}",
                $"QK2005 bert.encoder.layer.0.output.LayerNorm: {epsilon}",
                "QK2003 bert.encoder.layer.0.attention.self.key.bias: element 1 is -2E+30; values must be within ±1E+30.",
                "QK2001 bert.encoder.layer.0.attention.self.value: input_scale 0.031496063 times weight_scale 1E+29 lets outputs exceed 1E+30. Calibrate again.",
                "QK2001 bert.encoder.layer.0.attention.self.query.output_scale: 1E-30 times the key's 1E-20 is not a normal float32. Calibrate again.",
            ],
            e.Diagnostics.Select(d => d.ToString()));
    }

    [Fact]
    public void Impossible_architecture_is_refused_before_anything_else()
    {
        var graph = SyntheticGraph.Create(Small, 3);
        var bad = new QuantizedGraph
        {
            Architecture = Small with { Hidden = 4096, Heads = 3, LayerNormEpsilon = 0 },
            WordEmbeddings = graph.WordEmbeddings,
            PositionEmbeddings = graph.PositionEmbeddings,
            TokenTypeEmbeddings = graph.TokenTypeEmbeddings,
            EmbeddingLayerNorm = graph.EmbeddingLayerNorm,
            Layers = graph.Layers,
            Pooler = graph.Pooler,
            Classifier = graph.Classifier,
        };
        Assert.Equal(string.Join(Environment.NewLine,
            "3 problems:",
            "QK2002 config: hidden_size = 4096 is outside 1..2048, within which LayerNorm is exact. Use a smaller model.",
            "QK2002 config: num_attention_heads = 3 does not divide hidden_size = 4096. Use a divisor.",
            "QK2002 config: layer_norm_eps = 0 is not a positive number. Use the one that the model was trained with, for example 1e-12."),
            Assert.Throws<QatKitException>(() => QuantizedGraphValidator.Check(bad)).Message);
    }
}

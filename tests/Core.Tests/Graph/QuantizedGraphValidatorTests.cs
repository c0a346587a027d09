using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;

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
            "QK2002 config: hidden_size = 4096 is outside 1..2048.",
            "QK2002 config: num_attention_heads = 3 does not divide hidden_size = 4096.",
            "QK2002 config: layer_norm_eps = 0 is not a positive number."),
            Assert.Throws<QatKitException>(() => QuantizedGraphValidator.Check(bad)).Message);
    }
}

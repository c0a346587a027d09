using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Quantization.Placement;

namespace QatKit.Quantization.Tests;

public sealed class QuantizationPlanTests
{
    private static readonly BertArchitecture Tiny = new(1, 32, 2, 64, 50, 16, 2, 3);

    [Fact]
    public void The_table_names_every_layer_and_the_classifier_stays_int16()
    {
        var plan = new QuantizationPlan { Ignore = ["*.output.dense", "re:.*\\.(key|value)"] };
        var table = plan.Resolve(Tiny, new HashSet<string> { ModuleNames.Query(0) }).ToTable();
        const string Expected = """
            layer                                       width  weights           input calibrator  sparsity
            bert.encoder.layer.0.attention.self.query   int8   per channel, max  percentile:99.99  2:4
            bert.encoder.layer.0.attention.self.key     int16  per channel, max  percentile:99.99  dense
            bert.encoder.layer.0.attention.self.value   int16  per channel, max  percentile:99.99  dense
            bert.encoder.layer.0.attention.output.dense int16  per channel, max  max               dense
            bert.encoder.layer.0.intermediate.dense     int8   per channel, max  percentile:99.99  dense
            bert.encoder.layer.0.output.dense           int16  per channel, max  max               dense
            bert.pooler.dense                           int8   per channel, max  percentile:99.99  dense
            classifier                                  int16  per channel, max  max               dense
            embeddings: float32

            """;
        Assert.Equal(Expected.ReplaceLineEndings("\n").Replace(".dense int16", ".dense  int16", StringComparison.Ordinal).Split('\n').Select(Squeeze), table.Split('\n').Select(Squeeze));

        static string Squeeze(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Projections_that_are_all_int16_take_the_maximum()
    {
        var table = new QuantizationPlan { Ignore = ["*.attention.self.*"] }.Resolve(Tiny);
        foreach (var layer in new[] { ModuleNames.Query(0), ModuleNames.Key(0), ModuleNames.Value(0) }) Assert.Equal("max", table.Of(layer).InputCalibrator.Name);
    }

    [Fact]
    public void Patterns_that_match_nothing_or_are_invalid_are_reported_together()
    {
        var plan = new QuantizationPlan { Targets = ["bert.poler.dense", "*"], Ignore = ["*.attention.selv.*", "re:(["] };
        var e = Assert.Throws<QatKitException>(() => plan.Resolve(Tiny));
        Assert.Equal(
            [
                "QK2010 quantization.targets: 'bert.poler.dense' matches no layer. Did you mean 'bert.pooler.dense'? Layers look like 'bert.encoder.layer.0.attention.self.query'.",
                "QK2010 quantization.ignore: '*.attention.selv.*' matches no layer. Layers look like 'bert.encoder.layer.0.attention.self.query'.",
                "QK2011 quantization.ignore: 're:([' is not a valid pattern: Invalid pattern '^(?:([)$' at offset 8. Unterminated [] set. Use a glob such as *.intermediate.dense, or re: and a regular expression.",
            ],
            e.Diagnostics.Select(d => d.ToString()));
    }
}

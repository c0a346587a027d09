using System.Text.Json;
using QatKit.Testing.Reports;
using QatKit.Testing.Statistics;

namespace QatKit.Testing.Tests.Reports;

public sealed class ReportTests
{
    private static readonly VerificationReport Good = new(
        "out/model", "abc123", 1, 872, new Dictionary<string, string> { ["processor"] = "x64", ["tiers"] = "Scalar, Avx2" },
        [new RungReport("P1", "reference : every backend", [new CheckReport("reference : avx2", true, 123456)])],
        new LayerParityReport(872,
        [
            new LayerReport("bert.embeddings.LayerNorm", "embeddings", 1000, 0, null, 0, null),
            new LayerReport("bert.encoder.layer.0.intermediate.dense", "bert.encoder.layer.0", 4000, 1, 71.25, 8, 62.5),
        ], 0.0125, 871,
            new Divergence("bert.encoder.layer.0.attention.self.query", 3, 1, "4", "5", 0.5f, 1, 9)),
        new AccuracyReport("accuracy", 872, [new("fp32", 0.831), new("fake-quant", 0.829), new("engine", 0.829)], 0.0249,
            [new PairedComparison("fp32", "engine", 872, 715, 10, 8)]),
        new VerificationGates(MaxMetricLoss: 0.01));

    [Fact]
    public void Gates_hold_and_show_value_and_limit()
    {
        Assert.True(Good.Passed && Good.BitEqual);
        Assert.Equal(
        [
            "P1 equal bits: 1 comparisons, all equal",
            "P3 local code mismatch: at most 0.0250 % (bert.encoder.layer.0.intermediate.dense), limit 0.1000 %",
            "P3 argmax agreement: 871 of 872 = 99.89 %, limit 99.50 %",
            "P4 accuracy loss: fp32 0.8310 - engine 0.8290 = 0.0020, limit 0.0100",
        ], Good.GateResults.Select(g => $"{g.Name}: {g.Detail}"));
        Assert.Equal("bert.encoder.layer.0", Good.LayerParity!.LargestContributor);
    }

    [Fact]
    public void Without_a_differing_code_the_gate_says_so()
    {
        var none = Good with { LayerParity = Good.LayerParity! with { Layers = [Good.LayerParity.Layers[0]] } };
        Assert.Contains(none.GateResults, g => g is { Passed: true, Name: "P3 local code mismatch", Detail: "no code differs, limit 0.1000 %" });
        Assert.Null(none.LayerParity!.LargestContributor);
    }

    [Fact]
    public void A_regression_has_no_classes_to_agree_on()
    {
        var regression = Good with { LayerParity = Good.LayerParity! with { ArgmaxAgreements = null } };
        Assert.Equal(["P1 equal bits", "P3 local code mismatch", "P4 accuracy loss"], regression.GateResults.Select(g => g.Name));
        Assert.Contains("\n872 examples. Largest logit difference 0.0125. bert.encoder.layer.0 contributes most.\n", ReportMarkdown.Write(regression), StringComparison.Ordinal);
    }

    [Fact]
    public void Fewer_reference_examples_are_said() => Assert.Contains(
        ", numerics version 1, 872 examples, P0 to P2 on the first 64.\n", ReportMarkdown.Write(Good with { ReferenceExamples = 64 }), StringComparison.Ordinal);

    public static TheoryData<string> BrokenGates => ["P1 equal bits", "P3 local code mismatch", "P3 argmax agreement", "P4 accuracy loss"];

    [Theory]
    [MemberData(nameof(BrokenGates))]
    public void Each_gate_fails_alone(string gate)
    {
        var p3 = Good.LayerParity!;
        var bad = gate switch
        {
            "P1 equal bits" => Good with { Rungs = [new RungReport("P1", "x", [new CheckReport("reference : avx2", false, 1, new Divergence("logits", 3, 1, "1", "2", null, 1, 2))])] },
            "P3 local code mismatch" => Good with { LayerParity = p3 with { Layers = [p3.Layers[1] with { LocalMismatches = 5 }] } },
            "P3 argmax agreement" => Good with { LayerParity = p3 with { ArgmaxAgreements = 867 } },
            _ => Good with { Accuracy = Good.Accuracy! with { Values = [new("fp32", 0.84), new("engine", 0.829)] } },
        };
        Assert.False(bad.Passed);
        Assert.Equal([gate], bad.GateResults.Where(g => !g.Passed).Select(g => g.Name));
    }

    [Fact]
    public void Markdown_says_everything() => Assert.Equal(
        """
        # Parity report: passed, bit-equal

        Model `out/model` (SHA-256 abc123), numerics version 1, 872 examples.

        | gate | result | detail |
        |---|---|---|
        | P1 equal bits | ok | 1 comparisons, all equal |
        | P3 local code mismatch | ok | at most 0.0250 % (bert.encoder.layer.0.intermediate.dense), limit 0.1000 % |
        | P3 argmax agreement | ok | 871 of 872 = 99.89 %, limit 99.50 % |
        | P4 accuracy loss | ok | fp32 0.8310 - engine 0.8290 = 0.0020, limit 0.0100 |

        ## P1: reference : every backend

        | comparison | result | numbers compared |
        |---|---|---|
        | reference : avx2 | equal bits | 123,456 |

        ## P3: fake-quantized model : engine

        872 examples. Largest logit difference 0.0125; same class for 99.89 %. bert.encoder.layer.0 contributes most.

        From the tokens on, first divergence in bert.encoder.layer.0.attention.self.query at [3, 1]: expected 4, actual 5, before rounding 0.5; 1 of 9 elements differ.

        | tensor | local mismatch | local SQNR | accumulated mismatch | accumulated SQNR |
        |---|---|---|---|---|
        | bert.embeddings.LayerNorm | 0.0000 % | exact | 0.0000 % | exact |
        | bert.encoder.layer.0.intermediate.dense | 0.0250 % | 71.2 dB | 0.2000 % | 62.5 dB |

        ## P4: accuracy on 872 examples

        | model | accuracy |
        |---|---|
        | fp32 | 0.8310 |
        | fake-quant | 0.8290 |
        | engine | 0.8290 |

        Accuracy on a set of this size resolves ±0.0249 (95 %).

        | from : to | right to wrong | wrong to right | McNemar p |
        |---|---|---|---|
        | fp32 : engine | 10 | 8 | 0.8145 |

        ## Conditions

        * processor: x64
        * tiers: Scalar, Avx2

        """.ReplaceLineEndings("\n"), ReportMarkdown.Write(Good));

    [Fact]
    public void Json_has_the_gates_and_the_numbers()
    {
        using var json = JsonDocument.Parse(ReportJson.Write(Good));
        var root = json.RootElement;
        Assert.True(root.GetProperty("passed").GetBoolean());
        Assert.True(root.GetProperty("bitEqual").GetBoolean());
        Assert.Equal(4, root.GetProperty("gateResults").GetArrayLength());
        Assert.Equal(0.00025, root.GetProperty("layerParity").GetProperty("layers")[1].GetProperty("localMismatchRate").GetDouble());
        Assert.Equal(10, root.GetProperty("accuracy").GetProperty("comparisons")[0].GetProperty("lost").GetInt32());
    }
}

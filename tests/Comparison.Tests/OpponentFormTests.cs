using QatKit.Comparison.Onnx;
using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.InferenceEngine;

namespace QatKit.Comparison.Tests;

/// <summary>Every form of the ONNX graph computes the model: an opponent that does not would be no opponent.</summary>
public sealed class OpponentFormTests
{
    private const int Batch = 2, Length = 11;

    private static readonly BertArchitecture Architecture = new(2, 64, 4, 128, 50, 16, 2, 3);

    private static readonly QuantizedGraph Dense = SyntheticGraph.Create(Architecture, 3);
    private static readonly QuantizedGraph Sparse = SyntheticGraph.Create(Architecture, 4, sparse24: true);
    private static readonly QuantizedGraph Mixed = SyntheticGraph.Create(Architecture, 5,
        int16Layers: new HashSet<string> { ModuleNames.Key(0), ModuleNames.Intermediate(1), ModuleNames.Output(0) });

    public static TheoryData<string, int, bool> Cases
    {
        get
        {
            var data = new TheoryData<string, int, bool>();
            foreach (var model in new[] { "dense", "sparse", "mixed" })
                for (var form = 0; form < OpponentForm.All.Count; form++)
                    foreach (var sevenBits in new[] { true, false }) data.Add(model, form, sevenBits);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_form_gives_the_models_answer_whichever_rows_it_computes(string name, int formIndex, bool sevenBits)
    {
        var model = name switch { "dense" => Dense, "sparse" => Sparse, _ => Mixed };
        var form = OpponentForm.All[formIndex];
        Assert.SkipWhen(!sevenBits && form.Weights == OpponentWeights.Int8 && !ProcessorFeatures.HasVnni, "Without VNNI whole signed codes overflow in ONNX Runtime.");
        var batch = SyntheticGraph.CreateBatch(Architecture, [.. Enumerable.Repeat(Length, Batch)], 7);
        var trace = new PooledTrace(model.Classifier.Input);
        var logits = ReferenceExecutor.Run(model, batch, trace);

        using var all = new OpponentSession(OpponentGraph.Build(model, form, Batch, Length, firstOnly: false, sevenBits), batch, 1);
        using var first = new OpponentSession(OpponentGraph.Build(model, form, Batch, Length, firstOnly: true, sevenBits), batch, 1);
        all.Run();
        first.Run();

        foreach (var session in new[] { all, first })
        {
            Assert.InRange(Cosine.Of(session.Output(OpponentGraph.Pooled), trace.Values), 0.995, 1.000001);
            Assert.InRange(Cosine.Of(session.Output(OpponentGraph.Logits), logits), 0.99, 1.000001);
        }

        // FP32 differs by rounding alone; INT8 quantizes what it computes, and here that is not the same rows.
        var least = form.IsInt8 ? 0.999 : 0.9999999;
        Assert.InRange(Cosine.Of(all.Output(OpponentGraph.Pooled), first.Output(OpponentGraph.Pooled)), least, 1.000001);
    }

    [Fact]
    public void The_exported_graph_gives_the_models_answer_whichever_rows_it_computes()
    {
        var exported = OpponentCandidate.All(Mixed, Batch, Length, [1]).Single(c => c.Name == OpponentCandidate.Exported);
        var batch = SyntheticGraph.CreateBatch(Architecture, [.. Enumerable.Repeat(Length, Batch)], 7);
        var logits = ReferenceExecutor.Run(Mixed, batch);
        byte[][] graphs = [exported.Build(false), exported.Build(true)];
        Assert.NotEqual(graphs[0].Length, graphs[1].Length);
        foreach (var graph in graphs)
        {
            using var session = new OpponentSession(graph, batch, 1);
            session.Run();
            Assert.InRange(Cosine.Of(session.Output(OpponentGraph.Logits), logits), 0.99, 1.000001);
        }
    }

    [Fact]
    public void Names_tell_the_forms_apart() =>
        Assert.Equal(OpponentForm.All.Count, OpponentForm.All.Select(f => f.Name).Distinct().Count());

    [Fact]
    public void Signed_and_unsigned_codes_are_the_same_weights()
    {
        var table = new OpponentWeightTable(Dense.Layers[0].Query, Dense.Layers[0].Key);
        var values = table.Values();
        var (unsigned, scales) = table.UnsignedCodes();
        var (signed, _) = table.SignedCodes(sevenBits: false);
        var (halved, doubled) = table.SignedCodes(sevenBits: true);
        Assert.Equal((64, 128), (table.Inputs, table.Outputs));
        for (var i = 0; i < values.Length; i++)
        {
            Assert.Equal(values[i], (unsigned[i] - 128) * scales[i % 128]);
            Assert.Equal(values[i], signed[i] * scales[i % 128]);
            Assert.InRange(halved[i], -64, 64);
            Assert.InRange(MathF.Abs(values[i] - halved[i] * doubled[i % 128]), 0, 1.0001f * scales[i % 128]);
        }

        // Column 64 is the first output of the second layer.
        Assert.Equal(Dense.Layers[0].Key.Int8Weight![5] * Dense.Layers[0].Key.WeightScale[0], values[5 * 128 + 64]);
    }
}

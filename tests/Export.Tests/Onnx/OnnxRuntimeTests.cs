using QatKit.Comparison.Onnx;
using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.Export.Onnx;
using QatKit.TestKit;

namespace QatKit.Export.Tests.Onnx;

/// <summary>ONNX Runtime gives the reference's answers for exported models of random weights.</summary>
public sealed class OnnxRuntimeTests
{
    // Random weights answer near 0 for both classes, so logits are compared, not classes. What may differ: softmax weights are
    // float instead of 8-bit codes, code -128 exists, LayerNorm and GELU are float functions, and x / s replaces x * (1 / s).
    private const double Int8Tolerance = 0.12, FloatTolerance = 0.12;

    private static readonly BertArchitecture Small = new(2, 64, 4, 96, 60, 40, 2, 3);

    public static TheoryData<int, bool, bool> Models => new()
    {
        { 1, false, true }, { 2, true, true }, { 3, false, false }, { 4, true, false },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void Int8_models_agree_with_the_reference_on_ragged_batches(int seed, bool sparse, bool optimize)
    {
        var graph = SyntheticGraph.Create(Small, seed, sparse);
        using var runner = new OnnxRunner(OnnxExporter.Build(graph).ToBytes(), optimize);
        foreach (var lengths in new int[][] { [1], [40], [17, 3], [5, 40, 1, 22, 8, 13, 30] })
        {
            var batch = SyntheticGraph.CreateBatch(Small, lengths, seed);
            var expected = ReferenceExecutor.Run(graph, batch);
            TensorAssert.Close(expected, runner.Run(batch), Int8Tolerance, Small.Classes, $"seed {seed}, lengths {string.Join(' ', lengths)}");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Padding_and_the_other_rows_of_a_batch_do_not_matter(bool optimize)
    {
        var graph = SyntheticGraph.Create(Small, 5);
        using var runner = new OnnxRunner(OnnxExporter.Build(graph).ToBytes(), optimize);
        var batch = SyntheticGraph.CreateBatch(Small, [4, 30, 11], 5);
        var whole = runner.Run(batch);
        for (var i = 0; i < batch.Count; i++)
        {
            var alone = TokenBatch.FromSequences([batch.InputIdsOf(i).ToArray()], [batch.TokenTypeIdsOf(i).ToArray()]);
            // Another padding changes the order of float sums by a bit, which may move a code of a later layer.
            TensorAssert.Close(whole.AsSpan(i * Small.Classes, Small.Classes), runner.Run(alone, padding: 7), 0.02, context: $"row {i}");
        }
    }

    [Fact]
    public void Every_kind_of_layer_is_taken_int16_and_int8_embeddings_included()
    {
        var graph = SmallModel.Graph(exponent: 16); // ONNX has the float LayerNorm, so the grid must be fine.
        using var runner = new OnnxRunner(OnnxExporter.Build(graph).ToBytes(), optimize: true);
        var batch = SyntheticGraph.CreateBatch(SmallModel.Architecture, [8, 2, 5], 1);
        TensorAssert.Close(ReferenceExecutor.Run(graph, batch), runner.Run(batch), Int8Tolerance, 2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Dequantized_models_stay_near_the_int8_model(bool optimize)
    {
        var graph = SyntheticGraph.Create(Small, 6, sparse24: true);
        using var runner = new OnnxRunner(OnnxExporter.Build(BertWeights.Dequantize(graph)).ToBytes(), optimize);
        var batch = SyntheticGraph.CreateBatch(Small, [9, 33, 2], 6);
        TensorAssert.Close(ReferenceExecutor.Run(graph, batch), runner.Run(batch), FloatTolerance, Small.Classes);
    }

    [Fact]
    public void Cut_to_first_tokens_a_model_gives_the_same_answers_and_keeps_its_int8_products()
    {
        if (!System.Runtime.Intrinsics.X86.Avx2.IsSupported) Assert.Skip("Which fusions ONNX Runtime makes depends on the processor; this is stated for x64.");
        using var folder = new TempFolder();
        var graph = SyntheticGraph.Create(Small, 8);
        var batch = SyntheticGraph.CreateBatch(Small, [9, 33, 2], 8);
        (float[] Logits, IReadOnlyDictionary<string, int> Nodes) Run(bool firstTokenOnly)
        {
            var path = folder.Combine($"{firstTokenOnly}.onnx");
            using var runner = new OnnxRunner(OnnxExporter.Build(graph, firstTokenOnly).ToBytes(), optimize: true, exact: true, path);
            return (runner.Run(batch), OnnxSummary.Read(path).Summary.Operators);
        }

        var (whole, cut) = (Run(false), Run(true));
        TensorAssert.Close(whole.Logits, cut.Logits, 0.02, Small.Classes);
        // Of the last layer's context and of its input.
        Assert.Equal(whole.Nodes["Gather"] + 2, cut.Nodes["Gather"]);
        Assert.Equal(whole.Nodes["MatMulIntegerToFloat"], cut.Nodes["MatMulIntegerToFloat"]);
    }

    [Fact]
    public void Onnx_runtime_computes_every_product_with_int8_factors_in_int8()
    {
        if (!System.Runtime.Intrinsics.X86.Avx2.IsSupported) Assert.Skip("Which fusions ONNX Runtime makes depends on the processor; this is stated for x64.");
        using var folder = new TempFolder();
        var path = folder.Combine("optimized.onnx");
        using (new OnnxRunner(OnnxExporter.Build(SyntheticGraph.Create(Small, 7)).ToBytes(), optimize: true, exact: false, path))
        {
            var nodes = OnnxSummary.Read(path).Summary.Operators;
            // Per layer: the stacked projections, scores, attention output, FFN up, FFN down. And the pooler.
            Assert.Equal(5 * Small.Layers + 1, nodes["MatMulIntegerToFloat"]);
            // The one float product of a layer: softmax weights times values, whose codes are dequantized before it.
            Assert.Equal(Small.Layers, nodes["MatMul"]);
            Assert.Equal(Small.Layers, nodes["DequantizeLinear"]);
            Assert.Equal(Small.Layers, nodes["BiasGelu"]);
        }
    }
}

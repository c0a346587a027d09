using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.Core.Reference;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Model;

/// <summary>Whole models on every kernel set against the reference: every intermediate tensor and the logits.</summary>
public sealed class SessionParityTests
{
    private static readonly BertArchitecture Small = new(2, 32, 2, 64, 50, 40, 2, 3);

    // Sizes that are no multiple of any tile, step or vector: H = 3 · 7, D = 7, F = 45, C = 2.
    private static readonly BertArchitecture Odd = new(2, 21, 3, 45, 31, 37, 2, 2);

    public static TheoryData<KernelSet> Sets => [.. KernelSets.All];

    public static TheoryData<KernelSet, bool, int> SetsFormatsAndThreads =>
        [.. from set in KernelSets.All from sparse24 in new[] { false, true } from threads in new[] { 1, 2, 3, 4 } select (set, sparse24, threads)];

    [Theory]
    [MemberData(nameof(SetsFormatsAndThreads))]
    public void Every_tensor_equals_the_reference(KernelSet set, bool sparse24, int threads)
    {
        var graph = SyntheticGraph.Create(Small, 11, sparse24);
        AssertParity(set, graph, [5, 1, 40, 17], threads);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_model_of_real_size_equals_the_reference(KernelSet set)
    {
        // So many tokens that packed activations take several passes.
        var tiny = new BertArchitecture(2, 128, 2, 512, 50, 128, 2, 2);
        AssertParity(set, SyntheticGraph.Create(tiny, 13, sparse24: true), [128, 77, 1, 60], threads: 2);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Sequences_longer_than_those_of_bert_equal_the_reference(KernelSet set)
    {
        var graph = SyntheticGraph.Create(new BertArchitecture(1, 16, 1, 16, 50, 2000, 2, 2), 14);
        AssertParity(set, graph, [513, 1024], threads: 1);
        AssertParity(set, graph, [2000], threads: 2);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Sizes_that_divide_nothing_equal_the_reference(KernelSet set) =>
        AssertParity(set, SyntheticGraph.Create(Odd, 5), [37, 2, 1, 23], threads: 2);

    [Theory]
    [MemberData(nameof(Sets))]
    public void Layers_outside_int8_equal_the_reference(KernelSet set)
    {
        // Every way in which widths can meet: key and value apart from query, context, FFN in and out, pooler.
        foreach (var excluded in new string[][]
        {
            [ModuleNames.Query(0)], [ModuleNames.Key(1), ModuleNames.Value(1)], [ModuleNames.AttentionOutput(0)],
            [ModuleNames.Intermediate(1)], [ModuleNames.Output(0)], [ModuleNames.Pooler],
            [ModuleNames.Query(0), ModuleNames.Key(0), ModuleNames.Value(0), ModuleNames.Intermediate(0), ModuleNames.Output(0), ModuleNames.Pooler],
        })
        {
            AssertParity(set, SyntheticGraph.Create(Small, 3, sparse24: true, int16Layers: excluded.ToHashSet()), [9, 33], threads: 2);
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Key_and_value_outside_int8_may_have_their_own_input_scales(KernelSet set)
    {
        var graph = SyntheticGraph.Create(Small, 4, int16Layers: new HashSet<string> { ModuleNames.Key(0), ModuleNames.Value(0) });
        var scaled = GraphEdits.WithValueInput(graph, QuantizationParameters.FromAmax(3f, NumericsContract.Int16Max));
        AssertParity(set, scaled, [12, 8], threads: 2);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Quantized_embeddings_equal_the_reference(KernelSet set) =>
        AssertParity(set, GraphEdits.WithQuantizedEmbeddings(SyntheticGraph.Create(Odd, 6)), [7, 30], threads: 1);

    [Theory]
    [MemberData(nameof(Sets))]
    public void The_largest_parameters_stay_finite_and_equal_the_reference(KernelSet set) =>
        AssertParity(set, GraphEdits.AtTheLimits(SyntheticGraph.Create(Small, 7, int16Layers: new HashSet<string> { ModuleNames.Intermediate(0) })), [9, 33], threads: 2);

    [Theory]
    [MemberData(nameof(Sets))]
    public void Batch_composition_and_weight_format_do_not_change_a_bit(KernelSet set)
    {
        var graph = SyntheticGraph.Create(Small, 8, sparse24: true);
        int[] lengths = [.. Enumerable.Range(0, 32).Select(i => 1 + i * 7 % 40)];
        var all = SyntheticGraph.CreateBatch(Small, lengths, 9);
        var expected = ReferenceExecutor.Run(graph, all);
        foreach (var format in new[] { WeightFormat.Dense, WeightFormat.Sparse24 })
        {
            using var session = KernelSets.Session(set, graph, 2, format);
            foreach (var size in new[] { 1, 8, 32 })
            {
                var actual = Enumerable.Range(0, 32 / size).SelectMany(i => session.Run(Part(all, i * size, size))).ToArray();
                TensorAssert.BitEqual(expected, actual, 3, $"{set} {format} batch {size}");
            }
        }
    }

    private static TokenBatch Part(TokenBatch batch, int first, int count)
    {
        var range = Enumerable.Range(first, count);
        return TokenBatch.FromSequences([.. range.Select(i => batch.InputIdsOf(i).ToArray())], [.. range.Select(i => batch.TokenTypeIdsOf(i).ToArray())]);
    }

    private static void AssertParity(KernelSet set, QuantizedGraph graph, int[] lengths, int threads)
    {
        var batch = SyntheticGraph.CreateBatch(graph.Architecture, lengths, 12);
        var expected = new RecordedTrace();
        var logits = ReferenceExecutor.Run(graph, batch, expected);
        expected.AssertFinite();
        using var session = KernelSets.Session(set, graph, threads);
        var actual = new RecordedTrace();
        TensorAssert.BitEqual(logits, session.Run(batch, actual), graph.Architecture.Classes, $"{set}, {threads} threads, with a trace");
        RecordedTrace.AssertEqual(expected, actual);
        // Without a trace the last layer computes first tokens only.
        TensorAssert.BitEqual(logits, session.Run(batch), graph.Architecture.Classes, $"{set}, {threads} threads");
    }
}

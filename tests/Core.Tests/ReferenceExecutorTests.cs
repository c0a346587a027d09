using QatKit.Core.Graph;
using QatKit.Core.Reference;

namespace QatKit.Core.Tests;

public sealed class ReferenceExecutorTests
{
    private static readonly BertArchitecture Small = new(2, 32, 2, 64, 50, 16, 2, 3);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Logits_do_not_depend_on_the_batch_a_sequence_is_in(bool sparse24)
    {
        var graph = SyntheticGraph.Create(Small, 1, sparse24);
        QuantizedGraphValidator.Check(graph);
        int[] lengths = [5, 1, 16, 9];
        var batch = SyntheticGraph.CreateBatch(Small, lengths, 2);
        var together = ReferenceExecutor.Run(graph, batch);
        for (var i = 0; i < lengths.Length; i++)
        {
            var ids = batch.InputIdsOf(i).ToArray();
            var types = batch.TokenTypeIdsOf(i).ToArray();
            var alone = ReferenceExecutor.Run(graph, TokenBatch.FromSequences([ids], [types]));
            Assert.Equal(alone, together.AsSpan(i * 3, 3).ToArray());
        }
    }

    [Fact]
    public void Synthetic_model_uses_the_range_of_its_codes()
    {
        var graph = SyntheticGraph.Create(Small, 1);
        var trace = new CodeCounter();
        ReferenceExecutor.Run(graph, SyntheticGraph.CreateBatch(Small, [16, 16], 2), trace);
        Assert.All(trace.DistinctCodes, p => Assert.True(p.Value.Count > 20, $"{p.Key} has {p.Value.Count} distinct codes."));
    }

    private sealed class CodeCounter : IActivationTrace
    {
        public Dictionary<string, HashSet<int>> DistinctCodes { get; } = [];

        public void Record(string name, int rows, int columns, ReadOnlySpan<sbyte> codes)
        {
            Assert.Equal(rows * columns, codes.Length);
            var set = DistinctCodes[name] = [];
            foreach (var c in codes) set.Add(c);
        }

        public void Record(string name, int rows, int columns, ReadOnlySpan<short> codes) => Assert.Equal(rows * columns, codes.Length);

        public void Record(string name, int rows, int columns, ReadOnlySpan<float> values) =>
            Assert.All(values.ToArray(), v => Assert.True(float.IsFinite(v)));
    }
}

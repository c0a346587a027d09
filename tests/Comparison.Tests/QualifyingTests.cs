using QatKit.Comparison.Onnx;
using QatKit.Core.Graph;
using QatKit.Core.Reference;

namespace QatKit.Comparison.Tests;

public sealed class QualifyingTests
{
    private static readonly BertArchitecture Architecture = new(1, 32, 2, 64, 20, 8, 2, 2);
    private static readonly QuantizedGraph Model = SyntheticGraph.Create(Architecture, 1);
    private static readonly TokenBatch Batch = SyntheticGraph.CreateBatch(Architecture, [8], 1);

    private static readonly Func<bool, byte[]> Right = Graph(Model), Wrong = Graph(SyntheticGraph.Create(Architecture, 2));

    private readonly Queue<double> _times = new();

    [Theory]
    [InlineData(1, 1, new[] { 1 })]
    [InlineData(1, 2, new[] { 1, 2 })]
    [InlineData(3, 8, new[] { 1, 3, 8 })]
    [InlineData(8, 8, new[] { 8 })]
    public void Fewer_threads_are_tried_where_QatKit_takes_fewer(int ours, int most, int[] expected) =>
        Assert.Equal(expected, OpponentCandidate.ThreadCounts(ours, most));

    [Fact]
    public void What_is_wrong_or_refused_is_out_and_not_timed()
    {
        var qualifying = Start(5);
        qualifying.Add(new("other weights", "INT8", 1, Wrong));
        qualifying.Add(new("no graph", "INT8", 1, _ => [1, 2, 3]));
        qualifying.Add(new("good", "INT8", 2, Right));
        Assert.Empty(_times);
        Assert.Equal([(null, "out: wrong"), (null, "refused"), (5.0, "")], qualifying.Forms.Select(f => (f.MedianMilliseconds, f.Note.Split(": [")[0])));
        Assert.InRange(qualifying.Forms[0].Cosine, -1, EngineComparison.LeastCosine);
        Assert.Equal([("good", 2)], Finalists(qualifying, firstOnly: false));
    }

    [Fact]
    public void The_fastest_go_on_with_the_threads_that_they_were_fastest_with()
    {
        var qualifying = Start(20, 15, 11.1, 10, 10.9, 10.8);
        foreach (var (name, precision, threads) in new[] { ("f", "FP32", 2), ("f", "FP32", 1), ("a", "INT8", 1), ("a", "INT8", 2), ("b", "INT8", 1), ("b", "INT8", 2) })
            qualifying.Add(new(name, precision, threads, Right));
        foreach (var firstOnly in new[] { false, true })
            Assert.Equal([("f", 1), ("a", 2), ("b", 2)], Finalists(qualifying, firstOnly));
    }

    [Fact]
    public void Those_that_are_clearly_slower_stay_behind()
    {
        var qualifying = Start(10, 11.1);
        qualifying.Add(new("a", "INT8", 1, Right));
        qualifying.Add(new("b", "INT8", 1, Right));
        Assert.Equal([("a", 1)], Finalists(qualifying, firstOnly: false));
    }

    [Fact]
    public void A_wrong_cut_gives_its_place_to_the_next_and_is_listed()
    {
        var qualifying = Start(10, 30, 31);
        qualifying.Add(new("wrong cut", "INT8", 2, firstOnly => firstOnly ? Wrong(true) : Right(false)));
        qualifying.Add(new("a", "INT8", 2, Right));
        qualifying.Add(new("b", "INT8", 1, Right));
        Assert.Equal([("wrong cut", 2)], Finalists(qualifying, firstOnly: false));
        Assert.Equal([("a", 2), ("b", 1)], Finalists(qualifying, firstOnly: true));
        var cut = Assert.Single(qualifying.Forms, f => f.FirstTokenOnly);
        Assert.Equal(("wrong cut", 2, null, "out: wrong"), (cut.Name, cut.Threads, cut.MedianMilliseconds, cut.Note));
    }

    [Fact]
    public void A_cosine_that_does_not_exist_is_none()
    {
        Assert.Equal(1, Cosine.Of([1, 2], [2, 4]), 1e-12);
        Assert.Equal(0, Cosine.Of([1, 0], [0, 1]));
        Assert.Equal(0, Cosine.Of([0, 0], [1, 1]));
        Assert.Equal(0, Cosine.Of([float.NaN, 1], [1, 1]));
    }

    private static Func<bool, byte[]> Graph(QuantizedGraph model) =>
        firstOnly => OpponentGraph.Build(model, OpponentForm.All[0], Batch.Count, Batch.LengthOf(0), firstOnly, sevenBits: false);

    private Qualifying Start(params double[] milliseconds)
    {
        foreach (var time in milliseconds) _times.Enqueue(time);
        var trace = new PooledTrace(Model.Classifier.Input);
        var logits = ReferenceExecutor.Run(Model, Batch, trace);
        return new Qualifying(Batch, trace.Values, logits, _ => _times.Dequeue());
    }

    private static List<(string Name, int Threads)> Finalists(Qualifying qualifying, bool firstOnly)
    {
        List<(string, int)> finalists = [];
        foreach (var finalist in qualifying.Finalists(firstOnly))
        {
            finalist.Session.Dispose();
            Assert.InRange(finalist.Cosine, EngineComparison.LeastCosine, 1.000001);
            finalists.Add((finalist.Candidate.Name, finalist.Candidate.Threads));
        }

        return finalists;
    }
}

using QatKit.Core.Graph;
using QatKit.InferenceEngine;

namespace QatKit.Testing.Tests;

public sealed class QatParityTests
{
    private static readonly BertArchitecture Small = new(2, 32, 2, 64, 50, 16, 2, 3);

    [Fact]
    public void A_session_is_bit_equal_to_its_reference()
    {
        var graph = SyntheticGraph.Create(Small, 1, sparse24: true);
        using var session = InferenceSession.Create(graph);
        QatParity.AssertBitEqual(graph, session, [SyntheticGraph.CreateBatch(Small, [5, 1, 16], 2), SyntheticGraph.CreateBatch(Small, [7], 3)]);
    }

    [Fact]
    public void First_divergence_names_tensor_place_codes_and_value_before_rounding()
    {
        var graph = SyntheticGraph.Create(Small, 1);
        using var reference = Implementation.Reference(graph);
        using var wrong = new Implementation("wrong", (batch, trace) => reference.Run(batch, trace is null ? null : new FlipOneCode(trace)));
        var e = Assert.Throws<QatParityException>(() => QatParity.AssertBitEqual(reference, wrong, [SyntheticGraph.CreateBatch(Small, [5, 4], 2)]));
        Assert.Equal("'wrong' is not bit-equal to 'reference': batch 0, first divergence in bert.encoder.layer.1.attention.self at [3, 7]: "
            + "expected 23, actual 22, before rounding 0.5402575; 1 of 288 elements differ.", e.Message);
    }

    [Fact]
    public void An_implementation_that_stops_recording_is_not_bit_equal()
    {
        using var reference = Implementation.Reference(SyntheticGraph.Create(Small, 1));
        using var silent = new Implementation("silent", (batch, _) => reference.Run(batch)) { RecordsTrace = true };
        using var quiet = new Implementation("quiet", (batch, _) => reference.Run(batch));
        TokenBatch[] batches = [SyntheticGraph.CreateBatch(Small, [5], 2)];
        QatParity.AssertBitEqual(reference, quiet, batches);
        var e = Assert.Throws<QatParityException>(() => QatParity.AssertBitEqual(reference, silent, batches));
        Assert.Equal("'silent' is not bit-equal to 'reference': batch 0, first divergence in bert.embeddings.LayerNorm at [0, 0]: expected Float32 [5, 32], actual not recorded; 1 of 1 elements differ.", e.Message);
        e = Assert.Throws<QatParityException>(() => QatParity.AssertBitEqual(silent, silent, batches));
        Assert.Equal("'silent' is not bit-equal to 'silent': batch 0, first divergence in the intermediate tensors at [0, 0]: expected not recorded, actual not recorded; 1 of 1 elements differ.", e.Message);
    }

    [Fact]
    public void Logits_of_other_weights_differ()
    {
        using var a = InferenceSession.Create(SyntheticGraph.Create(Small, 1));
        using var b = InferenceSession.Create(SyntheticGraph.Create(Small, 2));
        var logitsOnly = new Implementation("b", (batch, _) => b.Run(batch));
        var e = Assert.Throws<QatParityException>(() => QatParity.AssertBitEqual(EngineImplementations.Of(a), logitsOnly, [SyntheticGraph.CreateBatch(Small, [5], 2)]));
        Assert.Contains("batch 0, first divergence in logits at [0, 0]: expected ", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("; 3 of 3 elements differ.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Comparing_nothing_is_a_mistake_of_the_test()
    {
        using var reference = Implementation.Reference(SyntheticGraph.Create(Small, 1));
        Assert.Throws<ArgumentException>(() => QatParity.AssertBitEqual(reference, reference, []));
    }

    [Fact]
    public void Accuracy_within_the_limit_returns_the_flips()
    {
        var paired = QatParity.AssertAccuracyWithin("dense", "2:4", [0, 1, 1, 0, 1], [0, 1, 1, 1, 0], [0, 1, 0, 0, 0], 0.01);
        Assert.Equal((2, 1, 1, 0.6, 0.6, 1.0), (paired.BothRight, paired.Lost, paired.Gained, paired.BaselineAccuracy, paired.CandidateAccuracy, paired.McNemarP));
    }

    [Fact]
    public void Accuracy_outside_the_limit_is_explained()
    {
        int[] labels = [.. Enumerable.Repeat(1, 100)], good = [.. Enumerable.Repeat(1, 90), .. Enumerable.Repeat(0, 10)], bad = [.. Enumerable.Repeat(0, 8), .. Enumerable.Repeat(1, 84), .. Enumerable.Repeat(0, 8)];
        var e = Assert.Throws<QatParityException>(() => QatParity.AssertAccuracyWithin("dense", "2:4", labels, good, bad, 0.01));
        Assert.Equal("'2:4' loses 6.00 % of accuracy against 'dense', the limit is 1.00 %: 90.00 % to 84.00 % on 100 examples "
            + "(noise band ±5.96 %); 8 right became wrong, 2 wrong became right, McNemar p = 0.1094.", e.Message);
    }

    [Fact]
    public void Accuracy_of_implementations_counts_their_argmax()
    {
        using var reference = Implementation.Reference(SyntheticGraph.Create(Small, 1));
        TokenBatch[] batches = [SyntheticGraph.CreateBatch(Small, [5, 3], 2), SyntheticGraph.CreateBatch(Small, [9], 3)];
        var labels = batches.SelectMany(b => Statistics.Classes.Argmax(reference.Run(b), 3)).ToArray();
        using var shifted = new Implementation("shifted", (batch, _) => [.. Enumerable.Range(0, batch.Count).SelectMany(_ => new[] { 0f, 0f, 1f })]);
        Assert.Equal(1.0, QatParity.AssertAccuracyWithin(reference, reference, batches, labels, 0).CandidateAccuracy);
        Assert.Throws<QatParityException>(() => QatParity.AssertAccuracyWithin(reference, shifted, batches, [0, 0, 0], -2));
    }

    private sealed class FlipOneCode(IActivationTrace inner) : IActivationTrace
    {
        public void Record(string name, int rows, int columns, ReadOnlySpan<sbyte> codes)
        {
            var copy = codes.ToArray();
            if (name == ModuleNames.Context(1)) copy[3 * columns + 7]--;
            inner.Record(name, rows, columns, copy);
        }

        public void Record(string name, int rows, int columns, ReadOnlySpan<short> codes) => inner.Record(name, rows, columns, codes);

        public void Record(string name, int rows, int columns, ReadOnlySpan<float> values) => inner.Record(name, rows, columns, values);
    }
}

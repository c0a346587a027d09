using QatKit.Core.Graph;
using QatKit.Testing.Ladder;

namespace QatKit.Testing.Tests;

public sealed class EngineVerifierTests
{
    private static readonly BertArchitecture Small = new(2, 32, 2, 64, 50, 16, 2, 3);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void All_three_rungs_hold_on_every_tier(bool sparse24)
    {
        var graph = SyntheticGraph.Create(Small, 4, sparse24);
        var sequences = Batches.Split([SyntheticGraph.CreateBatch(Small, [.. Enumerable.Range(0, 40).Select(i => 1 + i * 7 % 16)], 5)]);
        var rungs = EngineVerifier.Run(graph, sequences, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(["P0", "P1", "P2"], rungs.Select(r => r.Rung));
        Assert.All(rungs.SelectMany(r => r.Checks), c => Assert.True(c.Passed, $"{c.Name}: {c.Divergence} {c.Note}"));
        var tiers = EngineImplementations.AvailableTiers.Count;
        Assert.Equal(tiers * (sparse24 ? 5 : 4) + (sparse24 ? 0 : 1), rungs[2].Checks.Count);
        Assert.All(rungs[1].Checks, c => Assert.True(c.Compared > 40 * 32 * 10));
    }

    [Fact]
    public void P1_reports_the_first_divergence_of_each_implementation()
    {
        using var a = Implementation.Reference(SyntheticGraph.Create(Small, 1));
        using var b = new Implementation("b", Implementation.Reference(SyntheticGraph.Create(Small, 2)).Run);
        var rung = BackendRung.Run(a, [a, b], [SyntheticGraph.CreateBatch(Small, [3], 1)], TestContext.Current.CancellationToken);
        Assert.Equal(["reference : reference", "reference : b"], rung.Checks.Select(c => c.Name));
        Assert.True(rung.Checks[0].Passed);
        Assert.Equal("bert.embeddings.LayerNorm", rung.Checks[1].Divergence!.Tensor);
        Assert.False(rung.Passed);
    }

    // Batches run side by side, and the later ones are done first here.
    [Fact]
    public void P1_tells_the_first_batch_that_differs_whichever_is_done_first()
    {
        using var reference = Implementation.Reference(SyntheticGraph.Create(Small, 1));
        TokenBatch[] batches = [.. Enumerable.Range(1, 8).Select(n => SyntheticGraph.CreateBatch(Small, [n], 1))];
        using var wrong = new Implementation("wrong", (batch, _) =>
        {
            Thread.Sleep(TimeSpan.FromMilliseconds(20 * (8 - batch.TokenCount)));
            return Array.ConvertAll(reference.Run(batch), v => batch.TokenCount > 2 ? v + 1 : v);
        });
        Assert.Equal("batch 2", BackendRung.Run(reference, [wrong], batches, TestContext.Current.CancellationToken).Checks[0].Note);
    }

    [Fact]
    public void P2_notices_a_batch_dependent_result()
    {
        using var honest = Implementation.Reference(SyntheticGraph.Create(Small, 1));
        using var dependent = new Implementation("dependent", (batch, _) => Array.ConvertAll(honest.Run(batch), v => v * batch.Count));
        var sequences = Batches.Split([SyntheticGraph.CreateBatch(Small, [3, 4, 5], 1)]);
        var check = InvarianceRung.Compare("x", dependent, dependent, sequences, 1, 2, cancellationToken: TestContext.Current.CancellationToken);
        Assert.False(check.Passed);
        Assert.Equal(("logits", 0, 6, 9), (check.Divergence!.Tensor, check.Divergence.Row, check.Divergence.Count, check.Divergence.Total));
    }

    [Fact]
    public void Splitting_grouping_and_padding_keep_tokens_and_types()
    {
        var batch = SyntheticGraph.CreateBatch(Small, [3, 1, 5], 1);
        foreach (var again in new[] { Batches.Concatenate(Batches.Split([batch])), Batches.Pad([batch]), Batches.Concatenate(Batches.Group(Batches.Split([batch]), 2)) })
        {
            Assert.Equal(batch.InputIds, again.InputIds);
            Assert.Equal(batch.TokenTypeIds, again.TokenTypeIds);
            Assert.Equal(batch.Offsets, again.Offsets);
        }
    }

    [Fact]
    public void A_cancelled_verification_stops()
    {
        var graph = SyntheticGraph.Create(Small, 1);
        var sequences = Batches.Split([SyntheticGraph.CreateBatch(Small, [3], 1)]);
        Assert.ThrowsAny<OperationCanceledException>(() => EngineVerifier.Run(graph, sequences, cancellationToken: new CancellationToken(true)));
    }
}

using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Tests.Session;

public sealed class SessionOptionsTests
{
    private static readonly BertArchitecture Tiny = new(1, 16, 2, 32, 20, 16, 2, 2);

    [Fact]
    public void Every_problem_with_the_options_is_reported_at_once()
    {
        var error = Assert.Throws<QatKitException>(() =>
            InferenceSession.Create(SyntheticGraph.Create(Tiny, 1), new SessionOptions { Threads = -1, WorkPerThread = -2, WeightFormat = WeightFormat.Sparse24 }));
        Assert.Equal(string.Join(Environment.NewLine,
            "3 problems:",
            "QK5051 SessionOptions.Threads: -1 threads is outside 0..1024. Use 0 for one per processor.",
            "QK5055 SessionOptions.WorkPerThread: -2 is negative. Use 0 to take all threads for every call.",
            "QK5052 SessionOptions.WeightFormat: no int8 layer of the model has a 2:4 mask. Use WeightFormat.Auto, or prune the model."), error.Message);
    }

    [Fact]
    public void A_tier_that_cannot_run_here_is_refused_with_the_reason()
    {
        var missing = BackendProbe.Probe().FirstOrDefault(b => b.Backend == "cpu" && !b.IsAvailable);
        Assert.SkipWhen(missing is null, "This processor has every tier.");
        var error = Assert.Throws<QatKitException>(() =>
            InferenceSession.Create(SyntheticGraph.Create(Tiny, 1), new SessionOptions { CpuTier = Enum.Parse<CpuTier>(missing!.Tier) }));
        Assert.Equal($"QK5050 SessionOptions.CpuTier: the tier {missing!.Tier} cannot run here: {missing.Reason}. Use CpuTier.Auto.", error.Message);
    }

    [Fact]
    public void A_graph_that_breaks_the_contract_is_refused()
    {
        var graph = SyntheticGraph.Create(Tiny, 1);
        graph.Pooler.Int8Weight![3] = -128;
        var error = Assert.Throws<QatKitException>(() => InferenceSession.Create(graph));
        Assert.Equal("QK2004 bert.pooler.dense: weight code -128 is outside -127..127.", error.Message);
    }

    [Fact]
    public void A_batch_that_does_not_fit_is_refused_before_anything_runs()
    {
        using var session = InferenceSession.Create(SyntheticGraph.Create(Tiny, 1), new SessionOptions { Threads = 1 });
        var error = Assert.Throws<QatKitException>(() => session.Run(TokenBatch.FromSequences([[1, 20]])));
        Assert.Equal("QK5003 batch[0][1]: token id 20 is outside 0..19. Use the model's own vocabulary.", error.Message);
    }

    [Theory]
    [InlineData(false, WeightFormat.Auto, "0 of 8")]
    [InlineData(true, WeightFormat.Auto, "7 of 8")]
    [InlineData(true, WeightFormat.Sparse24, "7 of 8")]
    [InlineData(true, WeightFormat.Dense, "0 of 8")]
    public void The_description_says_what_runs(bool sparse24, WeightFormat format, string layers)
    {
        var options = new SessionOptions { Threads = 2, WorkPerThread = 0, CpuTier = CpuTier.Scalar, WeightFormat = format };
        using var session = InferenceSession.Create(SyntheticGraph.Create(Tiny, 1, sparse24), options);
        Assert.Equal($"CPU, Scalar kernels (as requested), 2 threads, 2:4 kernels in {layers} linear layers", session.Description);
    }

    [Fact]
    public void Defaults_use_the_best_tier_and_every_processor()
    {
        using var session = InferenceSession.Create(SyntheticGraph.Create(Tiny, 1), new SessionOptions { Backend = EngineBackend.Cpu });
        var tier = BackendProbe.Cpu(BackendProbe.BestCpuTier());
        Assert.Equal(tier.Tier, session.Tier);
        var threads = Environment.ProcessorCount == 1 ? "1 thread" : $"{Environment.ProcessorCount} threads";
        Assert.Equal($"CPU, {tier.Tier} kernels (the fastest available: {tier.Reason}), {threads}, 2:4 kernels in 0 of 8 linear layers", session.Description);
    }

    [Fact]
    public void A_disposed_session_refuses_to_run()
    {
        var session = InferenceSession.Create(SyntheticGraph.Create(Tiny, 1), new SessionOptions { Threads = 2, WorkPerThread = 0 });
        session.Dispose();
        session.Dispose();
        Assert.Throws<ObjectDisposedException>(() => session.Run(TokenBatch.FromSequences([[1]])));
    }
}

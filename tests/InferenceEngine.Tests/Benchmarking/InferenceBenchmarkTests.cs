using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.InferenceEngine.Tests.Benchmarking;

public sealed class InferenceBenchmarkTests
{
    [Fact]
    public void A_run_fills_every_field_consistently()
    {
        var result = InferenceBenchmark.Run(new BenchmarkOptions
        {
            Shape = "1x32x2x64",
            Batch = 3,
            SequenceLength = 5,
            Warmup = 1,
            Iterations = 4,
            Sparse24 = true,
            Session = new SessionOptions { Threads = 1 },
        }, TestContext.Current.CancellationToken);
        Assert.True(0 < result.P50Milliseconds && result.P50Milliseconds <= result.P95Milliseconds && result.P95Milliseconds <= result.P99Milliseconds);
        // 15 tokens: 2·15·(4·32² + 2·32·64) + 4·3·25·32 + 2·3·(32² + 32·2)
        Assert.Equal(2 * 15 * (4 * 1024 + 4096) + 9600 + 6528, result.OperationsPerCall);
        Assert.Equal(result.OperationsPerCall / result.P50Milliseconds / 1e6, result.GigaOperationsPerSecond, 1e-9);
        Assert.Equal(15_000 / result.P50Milliseconds, result.TokensPerSecond, 1e-6);
        Assert.Contains("2:4 kernels in 7 of 8", result.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Bert_base_at_128_tokens_has_the_published_cost() =>
        Assert.Equal(22.3, ModelShape.Operations(ModelShape.Parse("bert-base", 512), 1, 128) / 1e9, 0.1);

    [Theory]
    [InlineData("bert-tinny", " Did you mean 'bert-tiny'?")]
    [InlineData("2x10x3x40", "")]
    [InlineData("2x8x2", "")]
    [InlineData("2x8x2x0", "")]
    public void A_wrong_shape_is_refused(string shape, string suggestion)
    {
        var error = Assert.Throws<QatKitException>(() => ModelShape.Parse(shape, 512));
        Assert.Equal($"QK5053 shape: '{shape}' is not a model shape.{suggestion} Use bert-tiny, bert-mini, bert-small, bert-medium, bert-base, bert-large, "
            + "or LxHxAxF with heads A that divide hidden H, for example 12x768x12x3072.", error.Message);
    }

    [Fact]
    public void Wrong_counts_are_refused_together()
    {
        var error = Assert.Throws<QatKitException>(() => InferenceBenchmark.Run(new BenchmarkOptions { Batch = 0, Iterations = 0 }, TestContext.Current.CancellationToken));
        Assert.Equal(string.Join(Environment.NewLine,
            "2 problems:",
            "QK5054 batch: 0 is too small; at least 1 is needed.",
            "QK5054 iterations: 0 is too small; at least 1 is needed."), error.Message);
    }
}

using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.InferenceEngine.Tests;

public sealed class PeakLoadTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_load_is_what_was_asked_for_up_to_a_piece(int threads)
    {
        foreach (var instruction in PeakRate.Instructions)
        {
            foreach (var operations in new[] { 1.0, 1e5, 3e7, 1e9 })
            {
                using var load = new PeakLoad(instruction, threads, operations);
                Assert.InRange(load.Operations, operations, 2 * 14 * 64 + 1.02 * operations);
                Assert.Equal(threads, load.Threads);
                load.Run();
                load.Run();
            }
        }
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Assert.Equal("instruction", Assert.Throws<ArgumentOutOfRangeException>(() => new PeakLoad("vpaddd", 1, 1)).ParamName);
        Assert.SkipWhen(PeakRate.Instructions.Count == 0, "This processor has none of the measured instructions.");
        Assert.Equal("threads", Assert.Throws<ArgumentOutOfRangeException>(() => new PeakLoad(PeakRate.Instructions[0], 0, 1)).ParamName);
    }
}

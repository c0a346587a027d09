using QatKit.GpuCheck.Timing;
using QatKit.InferenceEngine.Benchmarking;

namespace QatKit.GpuCheck.Tests;

public sealed class RooflineTests
{
    // Bytes and operations counted by hand: 301 989 888 weights; 302.0 or 188.7 MB at 4.3 TB/s; operations / 1979 or 3958 TOPS.
    [Theory]
    [InlineData("bert-large", 1, 128, false, 0.0702)]
    [InlineData("bert-large", 1, 128, true, 0.0439)]
    [InlineData("bert-large", 1, 384, false, 0.1245)]
    [InlineData("bert-large", 1, 384, true, 0.0659)]
    [InlineData("bert-large", 8, 128, false, 0.319)]
    [InlineData("bert-large", 32, 128, false, 1.276)]
    [InlineData("bert-large", 32, 128, true, 0.651)]
    [InlineData("bert-large", 128, 384, false, 15.939)]
    [InlineData("bert-large", 128, 384, true, 8.438)]
    [InlineData("bert-base", 1, 128, false, 0.0198)]
    [InlineData("bert-base", 1, 128, true, 0.0123)]
    public void The_floor_of_an_H200_is_memory_for_few_tokens_and_arithmetic_for_many(string shape, int batch, int length, bool sparse24, double milliseconds)
    {
        var peak = DevicePeak.For("NVIDIA H200 (device 0, compute capability 9.0, 132 multiprocessors, 143771 MiB)");
        Assert.Equal(milliseconds, Roofline.Milliseconds(ModelShape.Parse(shape, 512), batch, length, sparse24, peak!), milliseconds * 0.005);
    }

    [Fact]
    public void A_device_without_known_rates_has_no_floor() => Assert.Null(DevicePeak.For("NVIDIA GeForce RTX 4090"));
}

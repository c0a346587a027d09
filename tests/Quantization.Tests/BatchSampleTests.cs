using QatKit.Quantization.Modules;
using QatKit.TestKit;
using static TorchSharp.torch;

namespace QatKit.Quantization.Tests;

public sealed class BatchSampleTests
{
    [Theory]
    [InlineData(10, 32, 1)]
    [InlineData(1024, 32, 1)] // exactly as many as a sample holds
    [InlineData(1025, 32, 3)]
    [InlineData(2000, 128, 9)]
    [InlineData(700, 768, 17)]
    [InlineData(1000, 3072, 95)]
    [InlineData(60_000, 1, 2)]
    public void Every_column_has_its_turn_and_no_more_values_are_taken_than_allowed(long rows, long columns, long stride)
    {
        Assert.Equal(stride, BatchSample.Stride(rows * columns, columns));
        var taken = Enumerable.Range(0, (int)((rows * columns + stride - 1) / stride)).Select(i => i * stride).ToList();
        Assert.InRange(taken.Count, 1, BatchSample.Size);
        Assert.Equal(columns, taken.Select(i => i % columns).Distinct().Count());
    }

    [Fact]
    public void A_sample_is_every_nth_value_in_row_major_order()
    {
        using var scope = NewDisposeScope();
        var x = arange(1025 * 32, ScalarType.Float32).view(1025, 32).requires_grad_();
        float[] whole = [.. Enumerable.Range(0, 1025 * 32).Where(i => i % 3 == 0)], transposed = [0, 2, 1, 3];
        TensorAssert.BitEqual(whole, BatchSample.Of(x).data<float>().ToArray());
        TensorAssert.BitEqual(transposed, BatchSample.Of(tensor(new float[,] { { 0, 1 }, { 2, 3 } }).t()).data<float>().ToArray());
    }
}

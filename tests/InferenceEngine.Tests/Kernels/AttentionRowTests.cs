using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>What attention does with one row, in SIMD, against the contract's scalar functions and against forbidden pages.</summary>
public sealed unsafe class AttentionRowTests
{
    private const int LargestScore = 127 * 127 * 2048;

    private delegate void StoreContext(Codes context, nint index, int* acc, float scale);

    private delegate int SoftmaxRow(int* scores, int count, float scoreMultiplier, byte* codes);

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public void Softmax_is_exact_for_all_lengths(int lanes)
    {
        var random = new Random(5);
        for (var count = 1; count <= 256; count++)
            foreach (var multiplier in new[] { 0f, 1e-9f, 2e-4f, 1e-3f, 1e30f })
                CheckSoftmax(lanes, multiplier, [.. Enumerable.Range(0, count).Select(_ => random.Next(-20_000, 20_000))]);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public void Softmax_finds_the_largest_score_in_every_place(int lanes)
    {
        foreach (var (largest, others) in new[] { (LargestScore, -LargestScore), (-LargestScore + 1, -LargestScore), (0, -1) })
        {
            for (var place = 0; place < 50; place++)
            {
                var scores = new int[50];
                Array.Fill(scores, others);
                scores[place] = largest;
                foreach (var multiplier in new[] { 1e-9f, 1e-7f, 0.5f, 1e30f }) CheckSoftmax(lanes, multiplier, scores);
            }
        }
    }

    [Theory]
    [InlineData(8, CodeWidth.Int8)]
    [InlineData(8, CodeWidth.Int16)]
    [InlineData(16, CodeWidth.Int8)]
    [InlineData(16, CodeWidth.Int16)]
    public void Contexts_are_exact(int lanes, CodeWidth width)
    {
        KernelSets.Require(KernelSet.Avx2);
        var random = new Random(6);
        var quantizer = QuantizationParameters.FromAmax(1.5f, width == CodeWidth.Int8 ? 127 : 32767);
        StoreContext store = lanes == 8 ? Attention.StoreContextAvx2 : Attention.StoreContextAvx512;
        const int Columns = PackedLinear.BlockColumns;
        foreach (var scale in new[] { 0f, 1e-9f, 1e-5f, 1.7e-4f, 1e20f })
        {
            foreach (var edge in Enum.GetValues<MemoryEdge>())
            {
                int[] sums = [.. Enumerable.Range(0, Columns).Select(i => i % 5 == 4 ? random.Next() * (i % 2 * 2 - 1) : random.Next(-30_000, 30_000))];
                using var acc = BoundedMemory.Of<int>(sums, edge);
                using var context = new BoundedMemory((2 + Columns) * (width == CodeWidth.Int8 ? 1 : 2), edge: edge);
                var index = edge == MemoryEdge.End ? 2 : 0;
                store(new Codes((nint)context.Pointer, width, quantizer, PanelLayout.RowMajor(Columns)), index, (int*)acc.Pointer, scale);
                for (var c = 0; c < Columns; c++)
                {
                    var value = sums[c] * scale;
                    var expected = width == CodeWidth.Int8 ? AffineQuantizer.Quantize(value, quantizer.InverseScale) : AffineQuantizer.QuantizeInt16(value, quantizer.InverseScale);
                    Assert.Equal(expected, width == CodeWidth.Int8 ? context.ToArray<sbyte>()[index + c] : context.ToArray<short>()[index + c]);
                }
            }
        }
    }

    // Both buffers end with the last whole vector; what follows the scores in it would win.
    private static void CheckSoftmax(int lanes, float multiplier, int[] scores)
    {
        KernelSets.Require(KernelSet.Avx2);
        SoftmaxRow softmax = lanes == 8 ? Softmax.Avx2 : Softmax.Avx512;
        var padded = (scores.Length + lanes - 1) / lanes * lanes;
        var expected = new byte[padded];
        var z = IntegerSoftmax.Codes(scores, multiplier, expected);
        foreach (var edge in Enum.GetValues<MemoryEdge>())
        {
            using var input = BoundedMemory.Of<int>([.. scores, .. Enumerable.Repeat(int.MaxValue, padded - scores.Length)], edge);
            using var codes = new BoundedMemory(padded, edge: edge);
            Assert.Equal(z, softmax((int*)input.Pointer, scores.Length, multiplier, codes.Pointer));
            TensorAssert.BitEqual(expected, codes.ToArray<byte>(), 0, $"{lanes} lanes, {scores.Length} scores, m={multiplier}");
        }
    }
}

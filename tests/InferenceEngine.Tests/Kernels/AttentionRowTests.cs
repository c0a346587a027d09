using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>What attention does with one row, in SIMD, against the contract's scalar functions and against forbidden pages.</summary>
public sealed unsafe class AttentionRowTests
{
    private const byte Untouched = 0x55;
    private const int LargestScore = 127 * 127 * 2048;

    private delegate void StoreContext(Codes context, int* acc, nint stride, float* scales, int rows);

    private delegate void SoftmaxRows(int* scores, nint stride, int rows, int count, float scoreMultiplier, byte* codes, nint codeStride, int* z);

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public void Softmax_is_exact_for_all_lengths(int lanes)
    {
        var random = new Random(5);
        for (var count = 1; count <= 256; count++)
            foreach (var multiplier in new[] { 0f, 1e-9f, 2e-4f, 1e-3f, 1e30f })
                CheckSoftmax(lanes, multiplier, 1 + count % 5, [.. Enumerable.Range(0, count).Select(_ => random.Next(-20_000, 20_000))]);
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
                foreach (var multiplier in new[] { 1e-9f, 1e-7f, 0.5f, 1e30f }) CheckSoftmax(lanes, multiplier, 1 + place % 5, scores);
            }
        }
    }

    [Theory]
    [InlineData(8, CodeWidth.Int8, 0)]
    [InlineData(8, CodeWidth.Int8, 128)]
    [InlineData(8, CodeWidth.Int16, 0)]
    [InlineData(16, CodeWidth.Int8, 0)]
    [InlineData(16, CodeWidth.Int8, 128)]
    [InlineData(16, CodeWidth.Int16, 0)]
    public void Contexts_are_exact(int lanes, CodeWidth width, byte offset)
    {
        KernelSets.Require(KernelSet.Avx2);
        var random = new Random(6);
        var quantizer = QuantizationParameters.FromAmax(1.5f, width == CodeWidth.Int8 ? 127 : 32767);
        StoreContext store = lanes == 8 ? Attention.StoreContextAvx2 : Attention.StoreContextAvx512;
        const int Columns = PackedLinear.BlockColumns, Rows = 3, Stride = Columns + 5, Width = Columns + 2;
        foreach (var scale in new[] { 0f, 1e-9f, 1e-5f, 1.7e-4f, 1e20f })
        {
            foreach (var edge in Enum.GetValues<MemoryEdge>())
            {
                int[] sums = [.. Enumerable.Range(0, (Rows - 1) * Stride + Columns).Select(i => i % 5 == 4 ? random.Next() * (i % 2 * 2 - 1) : random.Next(-30_000, 30_000))];
                float[] scales = [scale, scale / 3, scale * 1.5f];
                using var acc = BoundedMemory.Of<int>(sums, edge);
                using var rowScales = BoundedMemory.Of<float>(scales, edge);
                const int Count = (Rows - 1) * Width + Columns;
                using var context = new BoundedMemory(Count * (width == CodeWidth.Int8 ? 1 : 2), Untouched, edge);
                store(new Codes((nint)context.Pointer, width, quantizer, PanelLayout.RowMajor(Width), offset), (int*)acc.Pointer, Stride, (float*)rowScales.Pointer, Rows);
                var expected = new int[Count];
                Array.Fill(expected, width == CodeWidth.Int8 ? Untouched : Untouched << 8 | Untouched);
                for (var i = 0; i < Rows * Columns; i++)
                {
                    int r = i / Columns, c = i % Columns;
                    var value = sums[r * Stride + c] * scales[r];
                    expected[r * Width + c] = width == CodeWidth.Int8 ? (sbyte)(AffineQuantizer.Quantize(value, quantizer.InverseScale) + offset) : AffineQuantizer.QuantizeInt16(value, quantizer.InverseScale);
                }

                Assert.Equal(expected, width == CodeWidth.Int8 ? Array.ConvertAll(context.ToArray<sbyte>(), x => (int)x) : Array.ConvertAll(context.ToArray<short>(), x => (int)x));
            }
        }
    }

    // All buffers end with the last whole vector of their last row; what follows the scores in it would win.
    private static void CheckSoftmax(int lanes, float multiplier, int rowCount, int[] scores)
    {
        KernelSets.Require(KernelSet.Avx2);
        var padded = (scores.Length + lanes - 1) / lanes * lanes;
        int[][] rows = [.. new int[][] { scores, [.. scores.Reverse()], [.. scores.Select(x => x / 2)], [.. scores.Select(x => x / 3)], scores }.Take(rowCount)];
        int stride = padded + 16, codeStride = padded + 3;
        var expected = new byte[(rows.Length - 1) * codeStride + padded];
        Array.Fill(expected, Untouched);
        var input = Enumerable.Repeat(int.MaxValue, (rows.Length - 1) * stride + padded).ToArray();
        var expectedZ = new int[rows.Length];
        for (var r = 0; r < rows.Length; r++)
        {
            rows[r].CopyTo(input, r * stride);
            var row = new byte[padded];
            expectedZ[r] = IntegerSoftmax.Codes(rows[r], multiplier, row);
            row.CopyTo(expected, r * codeStride);
        }

        foreach (var edge in Enum.GetValues<MemoryEdge>())
        {
            using var inputMemory = BoundedMemory.Of<int>(input, edge);
            using var codes = new BoundedMemory(expected.Length, Untouched, edge);
            using var z = new BoundedMemory(rows.Length * sizeof(int), edge: edge);
            SoftmaxRows softmax = lanes == 8 ? Vectors256.Softmax : Vectors512.Softmax;
            softmax((int*)inputMemory.Pointer, stride, rows.Length, scores.Length, multiplier, codes.Pointer, codeStride, (int*)z.Pointer);
            Assert.Equal(expectedZ, z.ToArray<int>());
            TensorAssert.BitEqual(expected, codes.ToArray<byte>(), codeStride, $"{lanes} lanes, {scores.Length} scores, m={multiplier}");
        }
    }
}

using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>Quantize, LayerNorm and embedding of every kernel set, for every length 0..256 and at the extremes.</summary>
public sealed unsafe class RowKernelTests
{
    // Ties, both clamps, signed zeros, denormals and the largest finite values.
    private static readonly float[] Special =
        [0f, -0f, 0.5f, -0.5f, 1.5f, 2.5f, -2.5f, 126.5f, 127f, 127.5f, -127.5f, 1e9f, -1e9f, float.Epsilon, -float.Epsilon, float.MaxValue, float.MinValue, 32766.5f, -32767.5f];

    private const int Rows = 3;

    public static TheoryData<KernelSet> Sets => [.. KernelSets.All];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Quantize_equals_the_reference_for_all_lengths(KernelSet set)
    {
        var kernels = KernelSets.Require(set);
        var random = new Random(1);
        for (var length = 0; length <= 256; length++)
        {
            var values = Enumerable.Range(0, length).Select(i => random.Next(4) == 0 ? Special[random.Next(Special.Length)] : (random.NextSingle() - 0.5f) * 300).ToArray();
            foreach (var (scale, edge, offset) in new[] { (1f, MemoryEdge.End, 0), (2.7f, MemoryEdge.Start, 128), (1e-3f, MemoryEdge.End, 128) })
            {
                var quantizer = new QuantizationParameters(scale);
                var inverse = quantizer.InverseScale;
                Codes Codes(BoundedMemory memory, CodeWidth width) => new((nint)memory.Pointer, width, quantizer, PanelLayout.RowMajor(length), (byte)(width == CodeWidth.Int8 ? offset : 0));
                using var source = BoundedMemory.Of<float>(values, edge);
                using var int8 = new BoundedMemory(length, edge: edge);
                using var int16 = new BoundedMemory(length * sizeof(short), edge: edge);
                kernels.Quantize((float*)source.Pointer, length, Codes(int8, CodeWidth.Int8));
                kernels.Quantize((float*)source.Pointer, length, Codes(int16, CodeWidth.Int16));
                TensorAssert.BitEqual(Array.ConvertAll(values, v => (sbyte)(AffineQuantizer.Quantize(v, inverse) + offset)), int8.ToArray<sbyte>(), 0, $"{set} int8 {length}");
                TensorAssert.BitEqual(Array.ConvertAll(values, v => AffineQuantizer.QuantizeInt16(v, inverse)), int16.ToArray<short>(), 0, $"{set} int16 {length}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void LayerNorm_equals_the_reference_for_all_lengths(KernelSet set)
    {
        var random = new Random(2);
        for (var hidden = 1; hidden <= 256; hidden++)
            CheckNorm(set, hidden, exponent: 16, i => (random.NextSingle() - 0.5f) * 8, random);
        foreach (var hidden in new[] { 768, 1023, 1024, 1025, 2047, 2048 })
            CheckNorm(set, hidden, exponent: 14, i => (random.NextSingle() - 0.5f) * 40, random);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void LayerNorm_is_exact_at_the_ends_of_its_grid(KernelSet set)
    {
        var random = new Random(3);
        foreach (var hidden in new[] { 1, 7, 8, 15, 16, 17, 1024, 1025, 2047, 2048 })
        {
            CheckNorm(set, hidden, 16, _ => 0f, random); // V = 0
            CheckNorm(set, hidden, 16, _ => 1e6f, random); // all clamped: largest S1 and S2
            CheckNorm(set, hidden, 16, i => i == 0 ? 1e6f : -1e6f, random); // largest |n|
            CheckNorm(set, hidden, 16, i => i % 2 == 0 ? 1e6f : -1e6f, random); // largest V
            CheckNorm(set, hidden, -32, i => i * 1e15f, random);
            CheckNorm(set, hidden, 32, i => i * 1e-7f, random);
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Embedding_equals_the_reference_for_all_lengths(KernelSet set)
    {
        const float scale = 0.0123f, gridScale = 1 << 20; // Beyond ±1 values are clamped.
        var kernels = KernelSets.Require(set);
        var random = new Random(4);
        for (var hidden = 1; hidden <= 256; hidden++)
        {
            foreach (var edge in Enum.GetValues<MemoryEdge>())
            {
                using var floats = BoundedMemory.Of<float>(Enumerable.Range(0, hidden).Select(_ => random.NextSingle() - 0.5f).ToArray(), edge);
                using var codes = BoundedMemory.Of<sbyte>(Enumerable.Range(0, hidden).Select(_ => (sbyte)random.Next(-127, 128)).ToArray(), edge);
                using var output = new BoundedMemory(hidden * sizeof(int), edge: edge);
                var f = floats.ToArray<float>();
                var c = Array.ConvertAll(codes.ToArray<sbyte>(), x => x * scale);
                // Each of the three rows as floats and as codes.
                for (var widths = 0; widths < 8; widths++)
                {
                    EmbeddingRow Row(int bit) => (widths >> bit & 1) == 0 ? new EmbeddingRow((float*)floats.Pointer) : new EmbeddingRow((sbyte*)codes.Pointer, scale);
                    float At(int bit, int i) => (widths >> bit & 1) == 0 ? f[i] : c[i];
                    var sums = kernels.Embedding(Row(0), Row(1), Row(2), hidden, gridScale, (int*)output.Pointer);
                    int[] expected = [.. Enumerable.Range(0, hidden).Select(i => IntegerLayerNorm.ToFixed(At(0, i) + At(1, i) + At(2, i), gridScale))];
                    TensorAssert.BitEqual(expected, output.ToArray<int>(), 0, $"{set} H={hidden} {widths}");
                    Assert.Equal(new RowSums(expected.Sum(x => (long)x), expected.Sum(x => (long)x * x)), sums);
                }
            }
        }
    }

    private static void CheckNorm(KernelSet set, int hidden, int exponent, Func<int, float> value, Random random)
    {
        var kernels = KernelSets.Require(set);
        var row = Enumerable.Range(0, hidden).Select(value).ToArray();
        var norm = new QuantizedLayerNorm("norm", Values(hidden, random), Values(hidden, random), exponent);
        var expected = new float[hidden];
        IntegerLayerNorm.Normalize(row, norm.Gamma, norm.Beta, exponent, 1e-12, expected);
        Assert.DoesNotContain(expected, x => !float.IsFinite(x));
        var packed = new PackedLayerNorm(norm, hidden, 1e-12);
        foreach (var width in new[] { CodeWidth.Int8, CodeWidth.Int16 })
        {
            CheckNorm(kernels, packed, row, expected, PanelLayout.RowMajor(hidden), MemoryEdge.End, width);
            CheckNorm(kernels, packed, row, expected, PanelLayout.Panels(Rows, 16), MemoryEdge.Start, width);
            CheckNorm(kernels, packed, row, expected, PanelLayout.Panels(Rows), MemoryEdge.End, width);
        }
    }

    // Of three rows the second and third, each the same, in two parts of columns.
    private static void CheckNorm(CpuKernels kernels, PackedLayerNorm norm, float[] row, float[] expected, PanelLayout layout, MemoryEdge edge, CodeWidth width)
    {
        const int untouched = 0x40500000; // 3.25
        const float inverse = 37f;
        var hidden = norm.Hidden;
        int[] Around(int[] values) => PanelMatrix.Of([.. Enumerable.Repeat(untouched, hidden), .. values, .. values], hidden, layout, untouched);
        var fixedRow = Array.ConvertAll(row, r => IntegerLayerNorm.ToFixed(r, norm.GridScale));
        using var values = BoundedMemory.Of<int>(Around(fixedRow), edge);
        using var codes = BoundedMemory.Of<short>(new short[values.Bytes / sizeof(int)], edge);
        using var gamma = new GuardedBuffer(norm.Gamma, edge);
        using var beta = new GuardedBuffer(norm.Beta, edge);
        int blocks = PackedLinear.BlocksOf(hidden), middle = blocks / 2;
        WorkRange left = new(1, Rows, 0, middle), right = new(1, Rows, middle, blocks);
        var sums = new RowSums(fixedRow.Sum(x => (long)x), fixedRow.Sum(x => (long)x * x));
        var statistics = stackalloc RowStatistics[Rows];
        for (var r = 0; r < Rows; r++) statistics[r] = r == 0 ? new RowStatistics(long.MinValue, float.NaN) : norm.StatisticsOf(sums);
        var quantizer = new QuantizationParameters(1 / inverse);
        var offset = (byte)(width == CodeWidth.Int8 ? hidden % 2 * 128 : 0);
        var destination = new Codes((nint)codes.Pointer, width, quantizer, layout, offset);
        kernels.Normalize(norm, statistics, (int*)values.Pointer, layout, left, destination);
        kernels.Normalize(norm, statistics, (int*)values.Pointer, layout, right, null);
        var message = $"{kernels.Tier} H={hidden} panels of {layout.Width} {edge}";
        TensorAssert.BitEqual(Around(Array.ConvertAll(expected, BitConverter.SingleToInt32Bits)), values.ToArray<int>(), layout.Width, message);
        // Codes of the left part, nothing elsewhere.
        var expectedCodes = new int[codes.Bytes / sizeof(short)];
        for (var r = 1; r < Rows; r++)
        {
            for (var c = 0; c < Math.Min(hidden, middle * PackedLinear.BlockColumns); c++)
            {
                expectedCodes[layout.IndexOf(r, c)] = width == CodeWidth.Int8
                    ? (sbyte)(AffineQuantizer.Quantize(expected[c], quantizer.InverseScale) + offset)
                    : AffineQuantizer.QuantizeInt16(expected[c], quantizer.InverseScale);
            }
        }

        int[] actualCodes = width == CodeWidth.Int8
            ? Array.ConvertAll(codes.ToArray<sbyte>()[..expectedCodes.Length], c => (int)c)
            : Array.ConvertAll(codes.ToArray<short>(), c => (int)c);
        TensorAssert.BitEqual(expectedCodes, actualCodes, layout.Width, $"{message} {width} codes");
    }

    private static float[] Values(int count, Random random) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 2 - 1)];
}

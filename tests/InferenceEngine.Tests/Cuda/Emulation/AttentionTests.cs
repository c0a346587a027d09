using CsCheck;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Cuda.Emulation;

/// <summary>attention.cu against the scalar reference: ragged lengths across every tile edge, head sizes, extreme codes.</summary>
public sealed class AttentionTests
{
    private const int Heads = 2;

    [Theory]
    [InlineData(new[] { 1, 15, 16, 17 })]
    [InlineData(new[] { 31, 32, 33, 2 })]
    [InlineData(new[] { 63, 64, 65 })]
    [InlineData(new[] { 128, 127 })]
    [InlineData(new[] { 129 })] // crosses the key tile: keys are read twice
    [InlineData(new[] { 300 })]
    public void Ragged_lengths_are_equal_to_the_reference(int[] lengths) =>
        Check(Case(lengths, 64, c => c.Next(-127, 128)), 64, 4, 128, OutputType.Int8);

    [Fact]
    public void Longest_supported_tile_is_equal_to_the_reference() =>
        Check(Case([512, 3], 32, c => c.Next(-127, 128)), 32, 4, 512, OutputType.Int8);

    [Theory]
    [InlineData(6, 1, 32, OutputTypeCode.Int8)] // heads start at odd addresses
    [InlineData(12, 2, 32, OutputTypeCode.Int16)]
    [InlineData(16, 1, 64, OutputTypeCode.Int8)]
    [InlineData(80, 2, 32, OutputTypeCode.Int8)]
    [InlineData(128, 1, 32, OutputTypeCode.Int16)]
    public void Head_sizes_are_equal_to_the_reference(int headDim, int warps, int keyTile, int output) =>
        Check(Case([33, 1, 70], headDim, c => c.Next(-127, 128)), headDim, warps, keyTile, (OutputType)output);

    [Fact]
    public void Equal_scores_share_their_codes_equally()
    {
        Check(Case([40, 129], 64, _ => 0), 64, 4, 128, OutputType.Int8);
        Check(Case([40, 129], 64, _ => 1), 64, 4, 128, OutputType.Int8);
    }

    [Fact]
    public void Extreme_codes_do_not_overflow()
    {
        Check(Case([130], 64, _ => 127), 64, 4, 128, OutputType.Int8);
        Check(Case([130], 64, _ => -127), 64, 4, 128, OutputType.Int8);
        Check(Case([130], 64, c => c.Next(2) * 254 - 127), 64, 4, 128, OutputType.Int8);
    }

    [Fact]
    public void Random_lengths_are_equal_to_the_reference() =>
        Gen.Int[1, 100].Array[1, 6].Sample(
            lengths => Check(Case(lengths, 16, c => c.Next(-127, 128)), 16, 1, 64, OutputType.Int8), iter: 15);

    // Warps without keys of their own, key tiles that are crossed, columns that do not divide among the warps.
    [Theory]
    [InlineData(new[] { 1, 16, 33, 97 }, 64, 4, 4, 128, OutputTypeCode.Int8)]
    [InlineData(new[] { 128, 127, 129 }, 64, 4, 4, 128, OutputTypeCode.Int8)]
    [InlineData(new[] { 300, 40 }, 64, 8, 4, 128, OutputTypeCode.Int8)]
    [InlineData(new[] { 64, 31, 130 }, 64, 8, 2, 64, OutputTypeCode.Int8)]
    [InlineData(new[] { 64, 3 }, 64, 2, 2, 64, OutputTypeCode.Int16)]
    [InlineData(new[] { 140, 2 }, 16, 4, 4, 128, OutputTypeCode.Int8)]
    [InlineData(new[] { 100, 70 }, 6, 4, 4, 128, OutputTypeCode.Int8)]
    [InlineData(new[] { 129 }, 80, 4, 2, 64, OutputTypeCode.Int8)]
    [InlineData(new[] { 130 }, 128, 4, 4, 128, OutputTypeCode.Int16)]
    public void Warps_that_share_queries_are_equal_to_the_reference(int[] lengths, int headDim, int warps, int split, int keyTile, int output) =>
        Check(Case(lengths, headDim, c => c.Next(-127, 128)), headDim, warps, keyTile, (OutputType)output, split);

    private static QkvCase Case(int[] lengths, int headDim, Func<Random, int> code)
    {
        var random = new Random(lengths.Sum() * 1000 + headDim);
        var qkv = new sbyte[lengths.Sum() * 3 * Heads * headDim];
        for (var i = 0; i < qkv.Length; i++) qkv[i] = (sbyte)code(random);
        return new QkvCase(lengths, headDim, qkv);
    }

    private static void Check(QkvCase c, int headDim, int warps, int keyTile, OutputType output, int split = 1)
    {
        foreach (var order in new[] { EmulationOrder.RisingLazy, EmulationOrder.FallingEager })
        {
            if (output == OutputType.Int8) Check(c, headDim, warps, split, keyTile, output, order, AffineQuantizer.Quantize);
            else Check(c, headDim, warps, split, keyTile, output, order, AffineQuantizer.QuantizeInt16);
        }
    }

    private static void Check<T>(QkvCase c, int headDim, int warps, int split, int keyTile, OutputType output, EmulationOrder order, Func<float, float, T> store)
        where T : unmanaged
    {
        const float ValueScale = 0.031f;
        int h = Heads * headDim, tokens = c.Lengths.Sum(), pitch = (3 * h + 15) / 16 * 16 + 16, contextPitch = (h + 3) / 4 * 4 + 4;
        // Spreads the codes over 0..255; the reference computes the multiplier in the same way from two scales.
        var scoreMultiplier = IntegerSoftmax.ScoreMultiplier(0.02f, 0.03f, headDim);
        var inverse = output == OutputType.Int8 ? 60f : 15000f;
        var definition = KernelLibrary.Attention(headDim, warps, split, keyTile, output);
        var queries = 16 * warps / split;
        using var memory = new DeviceMemory();
        var qkv = memory.UploadRows<sbyte>(c.Qkv, 3 * h, pitch);
        var parameters = new AttentionParameters
        {
            Q = qkv,
            K = qkv + (ulong)h,
            V = qkv + (ulong)(2 * h),
            Offsets = memory.Upload(c.Offsets),
            Context = memory.Allocate<T>(tokens * contextPitch),
            ScoreMultiplier = scoreMultiplier,
            ValueScale = ValueScale,
            Inverse = inverse,
            QkvPitch = pitch,
            ContextPitch = contextPitch,
        };
        var grid = new LaunchGrid((c.Lengths.Max() + queries - 1) / queries, Heads, c.Lengths.Length);
        EmulatedKernel.Get(definition, "AttentionParams").Launch(grid, parameters, order);
        TensorAssert.BitEqual(c.Context(Heads, scoreMultiplier, ValueScale, v => store(v, inverse)),
            DeviceMemory.DownloadRows<T>(parameters.Context, tokens, h, contextPitch), h, $"{definition}, lengths {string.Join(' ', c.Lengths)}, {order}");
    }

    private static class OutputTypeCode
    {
        public const int Int8 = (int)OutputType.Int8;
        public const int Int16 = (int)OutputType.Int16;
    }

    private sealed record QkvCase(int[] Lengths, int HeadDim, sbyte[] Qkv)
    {
        public int[] Offsets => [0, .. Lengths.Select((_, i) => Lengths[..(i + 1)].Sum())];

        // The attention of the reference, row by row: [T, H].
        public T[] Context<T>(int heads, float scoreMultiplier, float valueScale, Func<float, T> store)
        {
            int d = HeadDim, h = heads * d;
            var context = new T[Lengths.Sum() * h];
            ReadOnlySpan<sbyte> Row(int part, int token, int head) => Qkv.AsSpan(token * 3 * h + part * h + head * d, d);
            for (var b = 0; b < Lengths.Length; b++)
            {
                int start = Offsets[b], length = Lengths[b];
                var scores = new int[length];
                var codes = new byte[length];
                for (var head = 0; head < heads; head++)
                {
                    for (var i = 0; i < length; i++)
                    {
                        for (var j = 0; j < length; j++) scores[j] = IntegerGemm.Dot(Row(0, start + i, head), Row(1, start + j, head));
                        var z = IntegerSoftmax.Codes(scores, scoreMultiplier, codes);
                        var sums = new int[d];
                        for (var j = 0; j < length; j++)
                        {
                            var v = Row(2, start + j, head);
                            for (var column = 0; column < d; column++) sums[column] += codes[j] * v[column];
                        }

                        for (var column = 0; column < d; column++)
                            context[(start + i) * h + head * d + column] = store(IntegerSoftmax.Context(sums[column], valueScale, z));
                    }
                }
            }

            return context;
        }
    }
}

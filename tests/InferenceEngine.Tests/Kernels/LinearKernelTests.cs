using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu;
using QatKit.InferenceEngine.Cpu.Kernels;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>Linear layers of every kernel set against the contract's scalar functions: at all tile edges, for every length up to
/// 256, and at the extremes.</summary>
public sealed unsafe class LinearKernelTests
{
    private const int MaxLength = 256;
    private static readonly int[] Rows = [1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13];
    private static readonly int[] Columns = [1, 2, 3, 15, 16, 17, 31, 33];
    private static readonly int[] Depths = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 63, 65];

    // One for all cases of a test: what a larger case left behind must not show in a smaller one.
    private readonly WorkerScratch _scratch = new();

    public static TheoryData<KernelSet> Sets => [.. KernelSets.All];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Dense_int8_is_exact_at_all_tile_edges(KernelSet set)
    {
        foreach (var m in Rows)
            foreach (var n in Columns)
                foreach (var k in Depths) Check(set, m, LinearCase.RandomLayer(n, k, CodeWidth.Int8, m));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Sparse24_int8_is_exact_at_all_tile_edges(KernelSet set)
    {
        foreach (var m in Rows)
            foreach (var n in Columns)
                foreach (var k in new[] { 8, 16, 24, 40, 64, 72 }) Check(set, m, LinearCase.RandomLayer(n, k, CodeWidth.Int8, m, sparse24: true));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Int16_is_exact_at_all_edges(KernelSet set)
    {
        foreach (var m in new[] { 1, 2, 5 })
            foreach (var n in Columns)
                foreach (var k in Depths) Check(set, m, LinearCase.RandomLayer(n, k, CodeWidth.Int16, m));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_depth_is_exact(KernelSet set)
    {
        for (var k = 1; k <= MaxLength; k++)
        {
            Check(set, 7, LinearCase.RandomLayer(17, k, CodeWidth.Int8, 1));
            Check(set, 2, LinearCase.RandomLayer(3, k, CodeWidth.Int16, 1));
            if (k % 8 == 0) Check(set, 7, LinearCase.RandomLayer(17, k, CodeWidth.Int8, 1, sparse24: true));
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_width_is_exact(KernelSet set)
    {
        for (var n = 1; n <= MaxLength; n++)
        {
            Check(set, 3, LinearCase.RandomLayer(n, 13, CodeWidth.Int8, 2));
            Check(set, 3, LinearCase.RandomLayer(n, 16, CodeWidth.Int8, 2, sparse24: true));
            Check(set, 1, LinearCase.RandomLayer(n, 13, CodeWidth.Int16, 2));
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Stretches_of_depth_groups_of_blocks_and_passes_of_rows_join_exactly(KernelSet set)
    {
        foreach (var k in new[] { 511, 512, 513, 1023, 1024, 1025, 1027, 2051, 3071, 3072, 3073, 6152 }) Check(set, 7, LinearCase.RandomLayer(17, k, CodeWidth.Int8, 4));
        foreach (var k in new[] { 1024, 1032, 2056, 3072, 3080, 6152 }) Check(set, 6, LinearCase.RandomLayer(17, k, CodeWidth.Int8, 4, sparse24: true));
        foreach (var m in new[] { 192, 193, 385 })
        {
            Check(set, m, LinearCase.RandomLayer(130, 16, CodeWidth.Int8, 4));
            Check(set, m, LinearCase.RandomLayer(130, 16, CodeWidth.Int8, 4, sparse24: true));
        }

        Check(set, 193, LinearCase.RandomLayer(130, 1032, CodeWidth.Int8, 4));
        Check(set, 193, LinearCase.RandomLayer(130, 1032, CodeWidth.Int8, 4, sparse24: true));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_number_of_rows_is_exact(KernelSet set)
    {
        var dense = LinearCase.RandomLayer(17, 13, CodeWidth.Int8, 3);
        var sparse = LinearCase.RandomLayer(17, 16, CodeWidth.Int8, 3, sparse24: true);
        var wide = LinearCase.RandomLayer(3, 17, CodeWidth.Int16, 3);
        for (var m = 0; m <= MaxLength; m++)
            foreach (var layer in new[] { dense, sparse, wide }) Check(set, m, layer);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Every_epilogue_is_exact_for_every_width(KernelSet set)
    {
        foreach (var kind in Enum.GetValues<EpilogueKind>())
        {
            for (var n = 1; n <= MaxLength; n += n < 66 ? 1 : 19)
            {
                Check(set, 2, LinearCase.RandomLayer(n, 40, CodeWidth.Int8, 3), kind);
                Check(set, 2, LinearCase.RandomLayer(n, 40, CodeWidth.Int8, 3, sparse24: true), kind);
                Check(set, 1, LinearCase.RandomLayer(n, 40, CodeWidth.Int16, 3), kind);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Extreme_codes_neither_saturate_nor_overflow(KernelSet set)
    {
        foreach (var (width, max, k) in new[] { (CodeWidth.Int8, 127, 4096), (CodeWidth.Int16, 32767, 4096), (CodeWidth.Int8, 127, 132_992) })
        {
            foreach (var (sign, sparse24) in new[] { (1, false), (-1, false), (1, true), (-1, true) })
            {
                if (sparse24 && width == CodeWidth.Int16) continue;
                var layer = LinearCase.Layer(17, k, width, sparse24, (_, _) => sign * max);
                var x = new int[2 * k];
                Array.Fill(x, max, 0, k);
                Array.Fill(x, -max, k, k);
                Check(set, 2, layer, input: x);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void The_longest_sum_of_extreme_codes_is_exact(KernelSet set)
    {
        const int K = NumericsContract.MaxInt8Reduction, Max = NumericsContract.Int8Max;
        // The largest sums of both signs, and sums that nearly cancel after half of the way or all the time: those are small enough to be seen to the last digit.
        int Code(int n, int i) => i == K - 1 ? 1 : n switch
        {
            0 => Max,
            1 => -Max,
            2 => i < K / 2 ? Max : -Max,
            3 => i < K / 2 ? -Max : Max,
            _ => i / 4 % 2 == 0 ? Max : -Max,
        };
        foreach (var sparse24 in new[] { false, true })
        {
            var random = LinearCase.Layer(5, K, CodeWidth.Int8, sparse24, Code);
            var layer = new QuantizedLinear
            {
                Name = random.Name,
                Out = random.Out,
                In = K,
                Int8Weight = random.Int8Weight,
                WeightScale = [1f, 1f, 1f, 1f, 1f],
                Input = new QuantizationParameters(1f),
                Bias = new float[5],
                Mask = random.Mask,
            };
            Check(set, 2, layer, input: [.. Enumerable.Repeat(Max, K), .. Enumerable.Repeat(-Max, K)]);
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Alternating_extreme_codes_reach_the_largest_sums(KernelSet set)
    {
        const int k = 4096;
        foreach (var period in new[] { 1, 2, 4, 8, 16 })
        {
            foreach (var (width, sparse24) in new[] { (CodeWidth.Int8, false), (CodeWidth.Int8, true), (CodeWidth.Int16, false) })
            {
                var max = width == CodeWidth.Int8 ? 127 : 32767;
                int Code(int i) => i / period % 2 == 0 ? max : -max;
                // Signs agree everywhere, nowhere, or in every other row.
                var layer = LinearCase.Layer(17, k, width, sparse24, (n, i) => n % 2 == 0 ? Code(i) : -Code(i));
                Check(set, 7, layer, input: [.. Enumerable.Range(0, 7 * k).Select(i => i / k % 3 == 0 ? max : Code(i % k) * (i / k % 3 == 1 ? 1 : -1))]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Parts_of_rows_and_columns_write_nothing_else(KernelSet set)
    {
        var kernels = KernelSets.Require(set);
        var layer = LinearCase.RandomLayer(50, 24, CodeWidth.Int8, 1);
        using var x = InputCodes.Memory(kernels, new int[9 * 24], 24, InputCodes.Rows(kernels, 24), CodeWidth.Int8);
        using var y = new BoundedMemory(9 * 50 * sizeof(float), fill: 0xFF);
        kernels.Linear(kernels.Pack(layer, false), Int8Codes(kernels, x, layer), LinearOutput.Float((float*)y.Pointer, PanelLayout.RowMajor(50)), new WorkRange(3, 7, 1, 2), _scratch);
        var values = y.ToArray<int>();
        for (var i = 0; i < values.Length; i++)
        {
            var inside = i / 50 is >= 3 and < 7 && i % 50 is >= 16 and < 32;
            Assert.True(inside == (values[i] != -1), $"[{i / 50}, {i % 50}]");
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Rows_stay_packed_from_piece_to_piece(KernelSet set)
    {
        var kernels = KernelSets.Require(set);
        foreach (var sparse in new[] { false, true })
        {
            // Many groups of blocks, K in several stretches.
            const int Rows = 7, Columns = 200, Depth = 1160;
            var layer = LinearCase.RandomLayer(Columns, Depth, CodeWidth.Int8, 1, sparse);
            var packed = kernels.Pack(layer, sparse);
            using var x = InputCodes.Memory(kernels, [.. Enumerable.Range(0, Rows * Depth).Select(i => i * 31 % 255 - 127)], Depth, InputCodes.Rows(kernels, Depth), CodeWidth.Int8);
            using var whole = new BoundedMemory(Rows * Columns * sizeof(float), fill: 0xFF);
            kernels.Linear(packed, Int8Codes(kernels, x, layer), LinearOutput.Float((float*)whole.Pointer, PanelLayout.RowMajor(Columns)), new WorkRange(0, Rows, 0, packed.Blocks), new WorkerScratch());
            using var pieces = new BoundedMemory(Rows * Columns * sizeof(float), fill: 0xFF);
            for (var block = 0; block < packed.Blocks; block += 3)
            {
                kernels.Linear(packed, Int8Codes(kernels, x, layer), LinearOutput.Float((float*)pieces.Pointer, PanelLayout.RowMajor(Columns)),
                    new WorkRange(0, Rows, block, Math.Min(block + 3, packed.Blocks)) { RowsPacked = block > 0 }, _scratch);
            }

            Assert.Equal(whole.ToArray<int>(), pieces.ToArray<int>());
        }
    }

    private static Codes Int8Codes(CpuKernels kernels, BoundedMemory x, QuantizedLinear layer) =>
        kernels.CodesOf(x.Pointer, CodeWidth.Int8, layer.Input, InputCodes.Rows(kernels, layer.In));

    private void Check(KernelSet set, int m, QuantizedLinear layer, EpilogueKind kind = EpilogueKind.Float, int[]? input = null) =>
        new LinearCase(set, m, layer, kind, input).Check(_scratch);
}

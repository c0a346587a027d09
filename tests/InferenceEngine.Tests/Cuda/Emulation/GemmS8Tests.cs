using CsCheck;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Tests.Cuda.Emulation;

/// <summary>gemm_s8.cu against the scalar reference: tiles, ragged edges, splits, epilogues, dense and 2:4.</summary>
public sealed class GemmS8Tests
{
    private static readonly GemmTile Small = new(64, 32, 2, 2, 3);
    private static readonly GemmEpilogue ToCodes = new(GemmActivation.None, false, OutputType.Int8);

    // One tile of 64 features x 32 tokens x 128 codes, crossed by one on every side.
    public static TheoryData<int, int, int, int> Shapes()
    {
        var data = new TheoryData<int, int, int, int>();
        foreach (var tokens in new[] { 1, 8, 31, 32, 33, 65 }) data.Add(tokens, 64, 128, 1);
        foreach (var features in new[] { 1, 3, 31, 32, 33, 63, 65, 96, 129 }) data.Add(17, features, 128, 1);
        foreach (var depth in new[] { 8, 16, 64, 120, 136, 256, 264, 384, 520 }) data.Add(9, 40, depth, 1);
        foreach (var splits in new[] { 2, 3, 5 }) data.Add(33, 65, 520, splits);
        data.Add(5, 32, 128, 4); // more splits than steps
        return data;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Dense_is_equal_to_the_reference(int tokens, int features, int depth, int splits) =>
        Check(new GemmVariant(Small, false, ToCodes), GemmCase.Random(tokens, features, depth, sparse24: false), splits);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Sparse24_is_equal_to_the_reference(int tokens, int features, int depth, int splits) =>
        Check(new GemmVariant(Small, true, ToCodes), GemmCase.Random(tokens, features, depth, sparse24: true), splits);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Depth_that_is_not_a_multiple_of_sixteen_reads_nothing_behind_a_row(bool sparse24)
    {
        foreach (var depth in sparse24 ? [24, 152] : new[] { 1, 15, 17, 127, 129, 131 })
            Check(new GemmVariant(Small, sparse24, ToCodes), GemmCase.Random(11, 36, depth, sparse24), 1);
    }

    [Theory]
    [InlineData(false, (int)GemmActivation.Gelu, false, (int)OutputType.Int8)]
    [InlineData(true, (int)GemmActivation.Gelu, false, (int)OutputType.Int16)]
    [InlineData(false, (int)GemmActivation.None, true, (int)OutputType.Float32)]
    [InlineData(true, (int)GemmActivation.None, true, (int)OutputType.Float32)]
    [InlineData(false, (int)GemmActivation.Tanh, false, (int)OutputType.Int16)]
    public void Epilogues_are_equal_to_the_reference(bool sparse24, int activation, bool residual, int output)
    {
        var variant = new GemmVariant(Small, sparse24, new GemmEpilogue((GemmActivation)activation, residual, (OutputType)output));
        Check(variant, GemmCase.Random(33, 70, 144, sparse24), 1);
        Check(variant, GemmCase.Random(7, 64, 256, sparse24), 2);
    }

    [Theory]
    [InlineData(128, 128, 2, 2, 2)]
    [InlineData(64, 16, 1, 2, 4)]
    [InlineData(32, 8, 1, 1, 2)]
    [InlineData(256, 64, 4, 1, 3)]
    // 3, 5, 6 and 7 fragments of eight tokens a warp.
    [InlineData(64, 24, 2, 1, 2)]
    [InlineData(64, 40, 2, 1, 2)]
    [InlineData(128, 96, 4, 2, 3)]
    [InlineData(64, 56, 2, 1, 2)]
    public void Every_tile_gives_the_same_bits(int features, int tokens, int warpsF, int warpsT, int stages)
    {
        foreach (var sparse24 in new[] { false, true })
        {
            var variant = new GemmVariant(new GemmTile(features, tokens, warpsF, warpsT, stages), sparse24, ToCodes);
            Check(variant, GemmCase.Random(tokens + 1, features + 1, 264, sparse24), 1);
            Check(variant, GemmCase.Random(3 * tokens - 1, features, 128, sparse24), 1);
        }
    }

    [Theory]
    [InlineData(false, 127, 127)]
    [InlineData(false, -127, 127)]
    [InlineData(true, 127, 127)]
    [InlineData(true, -127, -127)]
    public void Largest_codes_do_not_overflow(bool sparse24, sbyte x, sbyte w)
    {
        var c = GemmCase.Random(9, 33, 4096, sparse24);
        Array.Fill(c.X, x);
        for (var i = 0; i < c.Weights.Length; i++) c.Weights[i] = c.Mask?.IsKept(i / c.Depth, i % c.Depth) == false ? (sbyte)0 : w;
        Check(new GemmVariant(Small, sparse24, new GemmEpilogue(GemmActivation.None, true, OutputType.Float32)), c, 3);
    }

    [Fact]
    public void Rows_are_gathered_by_index()
    {
        var c = GemmCase.Random(6, 40, 136, sparse24: false);
        c.RowIndex = [5, 0, 3];
        Check(new GemmVariant(Small, false, ToCodes), c, 1);
    }

    [Fact]
    public void Random_shapes_are_equal_to_the_reference() =>
        Gen.Select(Gen.Int[1, 80], Gen.Int[1, 150], Gen.Int[1, 60], Gen.Int[1, 4], Gen.Bool).Sample(
            (tokens, features, depth, splits, sparse24) =>
                GemmCase.Random(tokens, features, sparse24 ? depth * 8 : depth * 7, sparse24)
                    .Check(new GemmVariant(Small, sparse24, ToCodes), splits, EmulationOrder.FallingEager),
            iter: 30);

    private static void Check(GemmVariant variant, GemmCase c, int splits)
    {
        foreach (var order in new[] { EmulationOrder.RisingLazy, EmulationOrder.FallingEager }) c.Check(variant, splits, order);
    }
}

using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Tests.Kernels;

/// <summary>The approximate codes of GELU are within their bound of the contract's, and say so where that may not be enough.</summary>
/// <remarks>Set QATKIT_EXHAUSTIVE=1 for every float32 from 2^-30 to 16 (two minutes) instead of a stride.</remarks>
public sealed class GeluCodesTests
{
    private const byte Offset = 128;
    private const int Lanes = 16;

    // As bits of a float32.
    private const uint TwoToMinus30 = 0x3080_0000, Sixteen = 0x4180_0000, Infinity = 0x7F80_0000;

    private static readonly bool Exhaustive = Environment.GetEnvironmentVariable("QATKIT_EXHAUSTIVE") == "1";

    [Theory]
    [InlineData(1e-30f)]
    [InlineData(0.01f)]
    [InlineData(1f)]
    [InlineData(127 / 10f)]
    [InlineData(127 / 3.5f)]
    [InlineData(127 / 0.8f)]
    [InlineData(746f)]
    public void No_code_is_further_off_than_its_bound_and_certain_ones_are_exact(float inverseScale)
    {
        KernelSets.Require(KernelSet.Avx2);
        var codes = new GeluCodes512(inverseScale, Offset);
        var bound = (double)inverseScale * GeluCodes512.MaxError + GeluCodes512.MaxRounding;
        foreach (var sign in new[] { 0u, 0x8000_0000u })
        {
            var stride = 0u;
            for (var first = 0u; first < Infinity; first += Lanes * stride)
            {
                stride = Exhaustive && first is >= TwoToMinus30 and < Sixteen ? 1u : 397u;
                var x = Vector512.Min(Vector512.Create(first) + Vector512<uint>.Indices * Vector512.Create(stride), Vector512.Create(Infinity - 1));
                Check(codes, (x | Vector512.Create(sign)).AsSingle(), inverseScale, bound);
            }
        }
    }

    [Theory]
    [InlineData(748f)]
    [InlineData(1e6f)]
    [InlineData(float.MaxValue)]
    public void Nothing_is_certain_where_codes_reach_the_lower_limit(float inverseScale)
    {
        KernelSets.Require(KernelSet.Avx2);
        var codes = new GeluCodes512(inverseScale, Offset);
        foreach (var x in new[] { 0f, -0.75f, 0.1f, 3f, 1e30f })
        {
            var y = codes.Of(Vector512.Create(x));
            Assert.False(codes.AreCertain(y, y, y, y));
        }
    }

    [Fact]
    public void One_code_between_two_makes_four_vectors_uncertain()
    {
        KernelSets.Require(KernelSet.Avx2);
        var codes = new GeluCodes512(30f, Offset);
        Vector512<float> certain = Vector512.Create(1f), not = certain.WithElement(7, -0.4999f);
        Assert.True(codes.AreCertain(certain, certain, certain, certain));
        Assert.False(codes.AreCertain(not, certain, certain, certain));
        Assert.False(codes.AreCertain(certain, not, certain, certain));
        Assert.False(codes.AreCertain(certain, certain, not, certain));
        Assert.False(codes.AreCertain(certain, certain, certain, not));
    }

    [Fact]
    public void Nearly_all_rows_of_a_usual_scale_are_certain()
    {
        KernelSets.Require(KernelSet.Avx2);
        const int Rows = 20_000;
        var codes = new GeluCodes512(127 / 3.5f, Offset);
        var random = new Random(1);
        Vector512<float> Next() => codes.Of(Vector512.Create<float>([.. Enumerable.Range(0, Lanes).Select(_ => 8 * random.NextSingle() - 4)]));
        var certain = Enumerable.Range(0, Rows).Count(_ => codes.AreCertain(Next(), Next(), Next(), Next()));
        Assert.InRange(certain, Rows * 94 / 100, Rows - 1);
    }

    private static void Check(GeluCodes512 codes, Vector512<float> x, float inverseScale, double bound)
    {
        var y = codes.Of(x);
        var rounded = codes.Round(y);
        for (var i = 0; i < Lanes; i++)
        {
            var gelu = ElementwiseFunctions.Gelu(x[i]);
            // As far as codes differ.
            double expected = Math.Min(gelu * inverseScale, 256), actual = Math.Min(y[i] - (double)Offset, 256);
            if (!(Math.Abs(expected - actual) <= bound)) Assert.Fail($"gelu({x[i]:R}) in units of {1 / inverseScale:R}: {expected:R} by the contract, {actual:R} here, apart more than {bound:R}.");
            var lane = Vector512.Create(y[i]);
            if (!codes.AreCertain(lane, lane, lane, lane)) continue;
            var code = AffineQuantizer.Quantize(gelu, inverseScale);
            if ((byte)(code + Offset) != rounded[i]) Assert.Fail($"gelu({x[i]:R}) in units of {1 / inverseScale:R}: code {code}, here {rounded[i] - Offset}, which was certain.");
        }
    }
}

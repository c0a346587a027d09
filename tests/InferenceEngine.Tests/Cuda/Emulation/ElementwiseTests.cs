using System.Globalization;
using System.Text.RegularExpressions;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Cuda.Emulation;

/// <summary>common/elementwise.cuh is the same functions as Core's, constant by constant and bit by bit.</summary>
public sealed class ElementwiseTests
{
    [Fact]
    public void Constants_are_those_of_the_contract()
    {
        var text = File.ReadAllText(Path.Combine(EmulatedKernel.KernelFolder, "common", "elementwise.cuh"));
        var declared = Regex.Matches(text, @"constexpr \w+ (\w+) = ([-0-9.]+)f?;")
            .ToDictionary(m => m.Groups[1].Value, m => float.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture));
        var expected = new Dictionary<string, float>
        {
            ["EXP2_C1"] = ElementwiseFunctions.Exp2C1,
            ["EXP2_C2"] = ElementwiseFunctions.Exp2C2,
            ["EXP2_C3"] = ElementwiseFunctions.Exp2C3,
            ["EXP2_C4"] = ElementwiseFunctions.Exp2C4,
            ["EXP2_C5"] = ElementwiseFunctions.Exp2C5,
            ["EXP2_MIN"] = ElementwiseFunctions.Exp2Min,
            ["ERF_MAX"] = ElementwiseFunctions.ErfMax,
            ["ERF_SCALE"] = ElementwiseFunctions.ErfScale,
            ["SQRT_HALF"] = ElementwiseFunctions.SqrtHalf,
            ["MINUS_TWO_LOG2E"] = ElementwiseFunctions.MinusTwoLog2E,
            ["INT8_MAX_CODE"] = NumericsContract.Int8Max,
            ["INT16_MAX_CODE"] = NumericsContract.Int16Max,
            ["PROBABILITY_MAX"] = NumericsContract.ProbabilityMax,
            ["NORM_FIXED_MAX"] = NumericsContract.LayerNormFixedMax,
            ["TO_INTEGER"] = 1.5f * (1 << 23),
            ["TO_POSITIVE_INTEGER"] = 1 << 23,
        };
        var erf = ElementwiseFunctions.ErfCoefficients;
        for (var i = 0; i < erf.Length; i++) expected[$"ERF_{i}"] = erf[i];
        Assert.Equal(expected.OrderBy(p => p.Key, StringComparer.Ordinal), declared.OrderBy(p => p.Key, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(0, -200f, 0f)]
    [InlineData(1, -5f, 5f)]
    [InlineData(2, -8f, 8f)]
    [InlineData(3, -20f, 20f)]
    [InlineData(4, -400f, 400f)]
    public void Functions_have_the_bits_of_the_reference(int function, float low, float high)
    {
        const int Count = 300_000;
        var random = new Random(function);
        var x = new float[Count];
        // Evenly spread values, values of every magnitude, ties and the ends.
        for (var i = 0; i < Count; i++)
        {
            x[i] = (i % 3) switch
            {
                0 => low + (high - low) * i / (Count - 1),
                1 => (random.Next(2) == 0 ? low : high) * MathF.ScaleB(random.NextSingle(), -random.Next(140)),
                _ => MathF.Round((low + (high - low) * random.NextSingle()) * 2) / 2,
            };
        }

        var expected = Array.ConvertAll(x, v => function switch
        {
            0 => ElementwiseFunctions.Exp2(v),
            1 => ElementwiseFunctions.Erf(v),
            2 => ElementwiseFunctions.Gelu(v),
            3 => ElementwiseFunctions.Tanh(v),
            _ => (float)AffineQuantizer.Quantize(v, 0.37f),
        });
        Check(function, x, expected);
    }

    // Written with other operations than the contract: over all magnitudes, every 1009th float; and around every place where the code changes.
    [Fact]
    public void Exponential_codes_are_those_of_the_reference()
    {
        var x = new List<float> { 0, float.NegativeInfinity, -126, -126.5f, -float.Epsilon };
        for (var bits = 0; bits < BitConverter.SingleToInt32Bits(200); bits += 1009) x.Add(-BitConverter.Int32BitsToSingle(bits));
        for (var code = 0; code < NumericsContract.ProbabilityMax; code++)
        {
            var change = BitConverter.SingleToInt32Bits((float)-Math.Log2((code + 0.5) / NumericsContract.ProbabilityMax));
            for (var off = -200; off <= 200; off++) x.Add(-BitConverter.Int32BitsToSingle(change + off));
        }

        Check(5, [.. x], [.. x.Select(t => MathF.Round(NumericsContract.ProbabilityMax * ElementwiseFunctions.Exp2(t), MidpointRounding.ToEven))]);
    }

    private static void Check(int function, float[] x, float[] expected)
    {
        using var memory = new DeviceMemory();
        var parameters = new ProbeParameters { X = memory.Upload(x), Y = memory.Allocate<float>(x.Length), Count = x.Length, Function = function };
        EmulatedKernel.Get(new KernelDefinition("elementwise_probe.cu", "probe", [], 32, 0), "ProbeParams", EmulatedKernel.NativeFolder)
            .Launch(new LaunchGrid(1, 1, 1), parameters);
        TensorAssert.BitEqual(expected, DeviceMemory.Download<float>(parameters.Y, x.Length), context: $"function {function}");
    }

    private struct ProbeParameters
    {
        public ulong X;
        public ulong Y;
        public int Count;
        public int Function;
    }
}

using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.Core.Reference;
using QatKit.InferenceEngine.Cpu;

namespace QatKit.InferenceEngine.Tests.Golden;

/// <summary>P0: written-down inputs and answers. An implementation that changes its arithmetic fails here, even if the
/// reference changed with it.</summary>
public sealed unsafe class GoldenVectorTests
{
    // Sixteen values, so that the vector path of every kernel set takes them; the scale is 1.
    private static readonly float[] Values =
        [0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 0.49999997f, 126.5f, 127.49999f, 127.5f, 1e30f, -1e30f, 1e-45f, -1e-45f, -0f, -126.5f];

    private static readonly sbyte[] Codes = [0, 2, 2, 0, -2, -2, 0, 126, 127, 127, 127, -127, 0, 0, 0, -126];

    public static TheoryData<KernelSet> Sets => [.. KernelSets.All];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Ties_clamps_and_denormals_quantize_as_written(KernelSet set)
    {
        var kernels = KernelSets.Require(set);
        var codes = new sbyte[Values.Length];
        fixed (float* source = Values)
        fixed (sbyte* destination = codes)
            kernels.Quantize(source, Values.Length, new Cpu.Codes((nint)destination, CodeWidth.Int8, new QuantizationParameters(1f), PanelLayout.RowMajor(Values.Length)));
        Assert.Equal(Codes, codes);
    }

    [Fact]
    public void A_dead_channel_has_scale_1() => Assert.Equal(1f, QuantizationParameters.FromAmax(0f).Scale);

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_wide_accumulator_is_converted_with_one_rounding(KernelSet set)
    {
        // acc = 2^54 + 2^30 + 1 lies just above the middle of two floats: one rounding goes up, a detour over float64
        // would first lose the 1 and then round to even, down. 2^54 + 2^30 + 1 = Σ of 2^28-sized products and a rest.
        const int square = 16384 * 16384; // 2^28
        const long target = (1L << 54) + (1L << 30) + 1;
        const int products = (int)((target - 1) / square);
        Assert.Equal(target, (long)products * square + 1);
        Assert.Equal(18014400656965632f, IntegerGemm.Epilogue(target, 1f, 0f)); // 2^54 + 2^31

        // The same rounding through a kernel, at a length that can be multiplied out: 2^25 + 2^1 + 1 -> 2^25 + 4.
        var kernels = KernelSets.Require(set);
        var layer = new QuantizedLinear
        {
            Name = "golden",
            Out = 1,
            In = 3,
            Int16Weight = [4096, 1, 1],
            WeightScale = [1f],
            Input = new QuantizationParameters(1f),
            Bias = [0f],
        };
        short[] x = [8192, 2, 1];
        float y;
        fixed (short* source = x)
            kernels.Linear(kernels.Pack(layer, false), new Cpu.Codes((nint)source, CodeWidth.Int16, layer.Input, PanelLayout.RowMajor(3)), LinearOutput.Float(&y, PanelLayout.RowMajor(1)), new WorkRange(0, 1, 0, 1), new WorkerScratch());
        Assert.Equal(33554436f, y);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void The_logits_of_a_fixed_model_are_as_written(KernelSet set)
    {
        var architecture = new BertArchitecture(2, 32, 2, 64, 50, 40, 2, 3);
        var graph = SyntheticGraph.Create(architecture, 2024, sparse24: true);
        var batch = SyntheticGraph.CreateBatch(architecture, [5, 40], 7);
        using var session = KernelSets.Session(set, graph, threads: 2);
        uint[] expected = [0xbe8f616c, 0x3f239185, 0x3f824a8c, 0xbfa51c9b, 0xbf64bcf4, 0x3af8a565];
        Assert.Equal(expected, session.Run(batch).Select(BitConverter.SingleToUInt32Bits));
        Assert.Equal(expected, ReferenceExecutor.Run(graph, batch).Select(BitConverter.SingleToUInt32Bits));
    }
}

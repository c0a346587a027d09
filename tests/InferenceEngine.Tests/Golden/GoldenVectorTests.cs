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

    private const short Largest = NumericsContract.Int16Max;

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
        // acc = 2^53 + 2^29 + 1 lies just above the middle of two floats: one rounding goes up, a detour over float64
        // would first lose the 1 and then round to even, down.
        var target = (1L << 53) + (1L << 29) + 1;
        const float Up = 9007200328482816f, Down = 9007199254740992f; // 2^53 + 2^30, 2^53
        Assert.Equal(Up, (float)target);
        Assert.Equal(Down, (float)(double)target);
        Assert.Equal(Up, IntegerGemm.Epilogue(target, 1f, 0f));

        // The same through a kernel: as many of the largest products as go into it, and the rest as 32767 · a + 1 · b.
        var kernels = KernelSets.Require(set);
        var (products, rest) = Math.DivRem(target, (long)Largest * Largest);
        short[] x = [.. Enumerable.Repeat(Largest, (int)products), Largest, 1], w = [.. x];
        w[^2] = (short)(rest / Largest);
        w[^1] = (short)(rest % Largest);
        Assert.Equal(target, x.Zip(w, (a, b) => (long)a * b).Sum());
        var layer = new QuantizedLinear
        {
            Name = "golden",
            Out = 1,
            In = x.Length,
            Int16Weight = w,
            WeightScale = [1f],
            Input = new QuantizationParameters(1f),
            Bias = [0f],
        };
        float y;
        fixed (short* source = x)
            kernels.Linear(kernels.Pack(layer, false), new Cpu.Codes((nint)source, CodeWidth.Int16, layer.Input, PanelLayout.RowMajor(x.Length)), LinearOutput.Float(&y, PanelLayout.RowMajor(1)), new WorkRange(0, 1, 0, 1), new WorkerScratch());
        Assert.Equal(Up, y);
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

using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Tests.Cuda.Compilation;

namespace QatKit.InferenceEngine.Tests.Cuda.Emulation;

/// <summary>gemm_s8_sm90.cu (wgmma, tensor copies, transaction barriers) against the scalar reference.</summary>
public sealed class GemmS8Sm90Tests
{
    private static readonly GemmEpilogue ToCodes = new(GemmActivation.None, false, OutputType.Int8);

    // One tile of 256 features x 128 tokens x 128 codes, crossed by one on every side; a ring of 2 and more steps than it holds.
    [Theory]
    [InlineData(1, 256, 128)]
    [InlineData(127, 255, 136)]
    [InlineData(129, 40, 256)]
    [InlineData(5, 257, 392)]
    [InlineData(33, 96, 1032)]
    public void Every_edge_is_equal_to_the_reference(int tokens, int features, int depth)
    {
        foreach (var sparse24 in new[] { false, true })
            Check(new WarpgroupGemmVariant(sparse24, ToCodes, 2), GemmCase.Random(tokens, features, depth, sparse24));
    }

    [Fact]
    public void Epilogues_are_equal_to_the_reference()
    {
        Check(new WarpgroupGemmVariant(true, new GemmEpilogue(GemmActivation.None, true, OutputType.Float32)), GemmCase.Random(20, 70, 648, sparse24: true));
        Check(new WarpgroupGemmVariant(false, new GemmEpilogue(GemmActivation.Gelu, false, OutputType.Int8)), GemmCase.Random(20, 70, 648, sparse24: false));
    }

    [Fact]
    public void Products_are_not_serialised_and_nothing_spills()
    {
        var compiler = NvrtcRequirement.Open();
        foreach (var sparse24 in new[] { false, true })
        {
            var log = compiler.Compile(KernelSources.Load(new WarpgroupGemmVariant(sparse24, ToCodes).Define()), KernelTarget.Sm90a).Log;
            Assert.DoesNotContain("serialized", log, StringComparison.Ordinal);
            var usage = Assert.Single(PtxasReport.Parse(log));
            Assert.Equal((0, 0, 0), (usage.StackBytes, usage.SpillStoreBytes, usage.SpillLoadBytes));
        }
    }

    private static void Check(WarpgroupGemmVariant variant, GemmCase c)
    {
        foreach (var order in new[] { EmulationOrder.RisingLazy, EmulationOrder.FallingEager }) c.Check(variant, order);
    }
}

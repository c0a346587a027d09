using QatKit.InferenceEngine.Cuda.Compilation;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Cuda.Plans;
using QatKit.InferenceEngine.Tests.Cuda.Compilation;

namespace QatKit.InferenceEngine.Tests.Cuda.Emulation;

/// <summary>gemm_s8_sm90.cu (wgmma, tensor copies, transaction barriers) against the scalar reference.</summary>
public sealed class GemmS8Sm90Tests
{
    private static readonly GemmEpilogue ToCodes = new(GemmActivation.None, false, OutputType.Int8);

    // Tiles of 256 or 128 features x 128 tokens x 128 codes, crossed by one on every side; fewer features than a cluster has blocks;
    // a ring of 2 and more steps than it holds.
    public static TheoryData<string, int, int, int> Edges()
    {
        var edges = new TheoryData<string, int, int, int>();
        foreach (var tile in new[] { "wgmma/256x128/2/1/1", "wgmma/128x128/2/1/1", "wgmma/128x128/2/2/1", "wgmma/128x128/2/4/1" })
        {
            foreach (var (tokens, features, depth) in new[] { (1, 256, 128), (127, 255, 136), (129, 40, 256), (5, 257, 392), (33, 96, 1032) }) edges.Add(tile, tokens, features, depth);
        }

        edges.Add("wgmma/256x128/2/1/2", 129, 40, 256);
        edges.Add("wgmma/128x128/2/1/3", 5, 257, 392);
        edges.Add("wgmma/128x128/2/4/4", 33, 96, 1032);
        edges.Add("wgmma/128x128/3/4/1", 130, 385, 520);
        edges.Add("wgmma/128x128/3/8/1", 64, 130, 648);
        edges.Add("wgmma/256x128/3/2/1", 130, 513, 520);
        return edges;
    }

    [Theory]
    [MemberData(nameof(Edges))]
    public void Every_edge_is_equal_to_the_reference(string plan, int tokens, int features, int depth)
    {
        foreach (var sparse24 in new[] { false, true })
            Check(plan, sparse24, ToCodes, GemmCase.Random(tokens, features, depth, sparse24));
    }

    [Theory]
    [InlineData("wgmma/256x128/6/1/1")]
    [InlineData("wgmma/128x128/6/4/1")]
    public void Epilogues_are_equal_to_the_reference(string plan)
    {
        Check(plan, true, new GemmEpilogue(GemmActivation.None, true, OutputType.Float32), GemmCase.Random(20, 70, 648, sparse24: true));
        Check(plan, false, new GemmEpilogue(GemmActivation.Gelu, false, OutputType.Int8), GemmCase.Random(20, 70, 648, sparse24: false));
    }

    [Fact]
    public void Products_are_not_serialised_and_nothing_spills()
    {
        var compiler = NvrtcRequirement.Open();
        foreach (var (tile, sparse24) in from tile in GemmPlanner.WarpgroupTiles from sparse24 in new[] { false, true } select (tile, sparse24))
        {
            var log = compiler.Compile(KernelSources.Load(new WarpgroupGemmVariant(tile, sparse24, ToCodes).Define()), KernelTarget.Sm90a).Log;
            Assert.DoesNotContain("serialized", log, StringComparison.Ordinal);
            var usage = Assert.Single(PtxasReport.Parse(log));
            Assert.Equal((0, 0, 0), (usage.StackBytes, usage.SpillStoreBytes, usage.SpillLoadBytes));
        }
    }

    private static void Check(string plan, bool sparse24, GemmEpilogue epilogue, GemmCase c)
    {
        var choice = Assert.IsType<WarpgroupChoice>(GemmChoice.Parse(plan));
        foreach (var order in new[] { EmulationOrder.RisingLazy, EmulationOrder.FallingEager }) c.Check(new WarpgroupGemmVariant(choice.Tile, sparse24, epilogue), choice.Splits, order);
    }
}

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
        foreach (var tile in new[] { "wgmma/256x128/2/1", "wgmma/128x128/2/1", "wgmma/128x128/2/2", "wgmma/128x128/2/4" })
        {
            foreach (var (tokens, features, depth) in new[] { (1, 256, 128), (127, 255, 136), (129, 40, 256), (5, 257, 392), (33, 96, 1032) }) edges.Add(tile, tokens, features, depth);
        }

        edges.Add("wgmma/128x128/3/4", 130, 385, 520);
        edges.Add("wgmma/128x128/3/8", 64, 130, 648);
        edges.Add("wgmma/256x128/3/2", 130, 513, 520);
        return edges;
    }

    [Theory]
    [MemberData(nameof(Edges))]
    public void Every_edge_is_equal_to_the_reference(string tile, int tokens, int features, int depth)
    {
        foreach (var sparse24 in new[] { false, true })
            Check(new WarpgroupGemmVariant(Tile(tile), sparse24, ToCodes), GemmCase.Random(tokens, features, depth, sparse24));
    }

    [Theory]
    [InlineData("wgmma/256x128/6/1")]
    [InlineData("wgmma/128x128/6/4")]
    public void Epilogues_are_equal_to_the_reference(string tile)
    {
        Check(new WarpgroupGemmVariant(Tile(tile), true, new GemmEpilogue(GemmActivation.None, true, OutputType.Float32)), GemmCase.Random(20, 70, 648, sparse24: true));
        Check(new WarpgroupGemmVariant(Tile(tile), false, new GemmEpilogue(GemmActivation.Gelu, false, OutputType.Int8)), GemmCase.Random(20, 70, 648, sparse24: false));
    }

    [Fact]
    public void Products_are_not_serialised_and_nothing_spills()
    {
        var compiler = NvrtcRequirement.Open();
        foreach (var (choice, sparse24) in from choice in GemmPlanner.Choices.OfType<WarpgroupChoice>() from sparse24 in new[] { false, true } select (choice, sparse24))
        {
            var log = compiler.Compile(KernelSources.Load(choice.Define(new GemmProblem(1, 1, 1, sparse24, ToCodes))), KernelTarget.Sm90a).Log;
            Assert.DoesNotContain("serialized", log, StringComparison.Ordinal);
            var usage = Assert.Single(PtxasReport.Parse(log));
            Assert.Equal((0, 0, 0), (usage.StackBytes, usage.SpillStoreBytes, usage.SpillLoadBytes));
        }
    }

    private static WarpgroupTile Tile(string plan) => Assert.IsType<WarpgroupChoice>(GemmChoice.Parse(plan)).Tile;

    private static void Check(WarpgroupGemmVariant variant, GemmCase c)
    {
        foreach (var order in new[] { EmulationOrder.RisingLazy, EmulationOrder.FallingEager }) c.Check(variant, order);
    }
}

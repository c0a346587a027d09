using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Cuda.Plans;
using QatKit.InferenceEngine.Tests.Cuda.Driver;

namespace QatKit.InferenceEngine.Tests.Cuda.Plans;

public sealed class PlanTests
{
    private static readonly GemmEpilogue Floats = new(GemmActivation.None, true, OutputType.Float32);

    [Theory]
    [InlineData(1, 1, 1, "32 tokens, 1 sequences, up to 32 each")]
    [InlineData(128, 1, 128, "128 tokens, 1 sequences, up to 128 each")]
    [InlineData(129, 3, 100, "160 tokens, 4 sequences, up to 128 each")]
    [InlineData(1025, 8, 512, "1280 tokens, 8 sequences, up to 512 each")]
    [InlineData(8192, 64, 128, "8192 tokens, 64 sequences, up to 128 each")]
    public void Buckets_round_up(int tokens, int sequences, int length, string expected) =>
        Assert.Equal(expected, Bucket.For(tokens, sequences, length).ToString());

    [Fact]
    public void Buckets_hold_their_batch_waste_at_most_a_quarter_and_never_grow_past_the_next_bucket()
    {
        var previous = 0;
        for (var tokens = 1; tokens <= 9000; tokens++)
        {
            var bucket = Bucket.For(tokens, 1, 1).Tokens;
            Assert.InRange(bucket, Math.Max(tokens, previous), Math.Max(tokens * 5 / 4, tokens + 31));
            Assert.Equal(bucket, Bucket.For(bucket, 1, 1).Tokens);
            previous = bucket;
        }
    }

    [Fact]
    public void Small_products_are_split_until_the_device_is_busy()
    {
        // BERT-large, one sequence of 128: 16 tiles of 64 x 128 on 108 multiprocessors would leave most of them idle.
        var plan = new GemmPlanner(FakeCudaDriver.Device()).Plan(new GemmProblem(128, 1024, 4096, false, Floats));
        Assert.True(plan.Blocks >= 64, plan.ToString());
        Assert.True(plan.Choice.Splits > 1, plan.ToString());
    }

    [Fact]
    public void Large_products_take_a_large_tile_and_no_split()
    {
        var plan = new GemmPlanner(FakeCudaDriver.Device()).Plan(new GemmProblem(4096, 4096, 1024, false, Floats));
        Assert.Equal("128x64/4x2/3/1", plan.Choice.ToString());
        var hopper = new GemmPlanner(FakeCudaDriver.Hopper).Plan(new GemmProblem(4096, 4096, 1024, true, Floats));
        Assert.Equal("wgmma/128x128/6/4/1", hopper.Choice.ToString());
    }

    [Fact]
    public void Blocks_of_a_multiprocessor_are_limited_by_registers_too()
    {
        // 168 registers of 384 threads: the second block that shared memory has room for would find no registers.
        var plan = new GemmPlanner(FakeCudaDriver.Hopper, GemmChoice.Parse("wgmma/256x128/6/1/1")).Plan(new GemmProblem(8192, 1024, 1024, false, Floats));
        Assert.Equal((256, 256 / 132.0), (plan.Blocks, plan.Waves));
        var tile = new GemmPlanner(FakeCudaDriver.Hopper, GemmChoice.Parse("128x128/4x2/3/1")).Plan(new GemmProblem(1024, 4096, 1024, true, Floats));
        Assert.Equal((256, 256 / 132.0), (tile.Blocks, tile.Waves));
        // A tile that nobody recorded is taken to have the most: 255 registers of 64 threads.
        Assert.Equal((255, 4), (GemmRegisters.Of(GemmChoice.Parse("32x32/1x2/2/1"), false), GemmRegisters.Blocks(255, 64)));
    }

    [Fact]
    public void A_multiprocessor_holds_two_blocks_of_one_consumer()
    {
        var plan = new GemmPlanner(FakeCudaDriver.Hopper, GemmChoice.Parse("wgmma/128x128/6/4/1")).Plan(new GemmProblem(4096, 1024, 1024, false, Floats));
        Assert.Equal((256, 256 / 264.0), (plan.Blocks, plan.Waves));
    }

    [Fact]
    public void Clusters_are_whole_and_cost_their_padding()
    {
        // BERT-base: 6 blocks of 128 features, in clusters of 4 two more that do nothing of use.
        var problem = new GemmProblem(8192, 768, 3072, false, Floats);
        GemmPlan Forced(string choice) => new GemmPlanner(FakeCudaDriver.Hopper, GemmChoice.Parse(choice)).Plan(problem);
        Assert.Equal([6 * 64, 6 * 64, 8 * 64], new[] { Forced("wgmma/128x128/6/1/1"), Forced("wgmma/128x128/6/2/1"), Forced("wgmma/128x128/6/4/1") }.Select(p => p.Blocks));
        Assert.Equal("wgmma/128x128/6/2/1", new GemmPlanner(FakeCudaDriver.Hopper).Plan(problem).Choice.ToString());
        // BERT-large has 8: there they pay, and the others come when they may not.
        problem = problem with { Features = 1024, Depth = 4096 };
        Assert.Equal("wgmma/128x128/6/4/1", new GemmPlanner(FakeCudaDriver.Hopper).Plan(problem).Choice.ToString());
        Assert.Equal("wgmma/256x128/6/1/1", new GemmPlanner(FakeCudaDriver.Hopper, without: GemmExclusion.Clusters).Plan(problem).Choice.ToString());
        Assert.IsType<TileChoice>(new GemmPlanner(FakeCudaDriver.Hopper, without: GemmExclusion.Warpgroups).Plan(problem).Choice);
    }

    [Fact]
    public void Of_equal_estimates_the_smallest_cluster_wins()
    {
        var ties = 0;
        foreach (var tokens in new[] { 384, 512, 1024, 1280 })
        {
            var plan = new GemmPlanner(FakeCudaDriver.Hopper).Plan(new GemmProblem(tokens, 2304, 768, false, new(GemmActivation.None, false, OutputType.Int8)));
            if (plan.Choice is not WarpgroupChoice chosen) continue;
            foreach (var tile in GemmPlanner.WarpgroupTiles.Where(t => t.Features == chosen.Tile.Features && t.Cluster != chosen.Cluster))
            {
                var other = new GemmPlanner(FakeCudaDriver.Hopper, chosen with { Tile = tile }).Plan(plan.Problem);
                Assert.True(tile.Cluster > chosen.Cluster ? other.Kilocycles >= plan.Kilocycles : other.Kilocycles > plan.Kilocycles, $"{plan} or {other}");
                if (other.Kilocycles == plan.Kilocycles) ties++;
            }
        }

        Assert.True(ties > 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_choice_fits_the_smallest_device_and_the_split_buffers(bool sparse24)
    {
        var device = FakeCudaDriver.Device(8, 9, multiprocessors: 20) with { SharedBytesPerBlock = 101376, SharedBytesPerMultiprocessor = 102400 };
        foreach (var tokens in new[] { 32, 128, 160, 1024, 8192 })
        {
            foreach (var (features, depth) in new[] { (3072, 1024), (1024, 1024), (4096, 1024), (1024, 4096), (384, 128), (21, 45) })
            {
                var plan = new GemmPlanner(device).Plan(new GemmProblem(tokens, features, depth, sparse24, Floats));
                Assert.InRange(plan.Choice.Define(plan.Problem).SharedBytes, 1, 101376 - 1024);
                Assert.IsType<TileChoice>(plan.Choice);
                if (plan.Choice.Splits == 1) continue;
                var tiles = plan.Choice.Grid(plan.Problem).Tiles;
                Assert.InRange(tiles * plan.Choice.TileFeatures * plan.Choice.TileTokens, 1, GemmPlanner.PartialCapacity);
                Assert.InRange(tiles, 1, GemmPlanner.ArrivalCapacity);
            }
        }
    }

    [Fact]
    public void A_plan_prints_its_shapes_choice_load_and_reason()
    {
        var plan = new GemmPlanner(FakeCudaDriver.Device(), GemmChoice.Parse("64x64/2x2/4/2")).Plan(new GemmProblem(128, 1024, 4096, true, Floats));
        Assert.Equal("X[128, 4096] W[1024, 4096] 2:4: 64x64/2x2/4/2, 64 blocks, 0.20 waves, 6.1 kcycles estimated (forced)", plan.ToString());
    }

    [Theory]
    [InlineData("fast", "it is not of the form features x tokens / warps x warps / stages / splits, for example 128x64/4x2/3/1, or wgmma/128x128/6/4/1, or no-clusters, or no-wgmma.")]
    [InlineData("128x64/8x8/3/1", "8 x 8 warps; a block has 1 to 32.")]
    [InlineData("100x64/4x2/3/1", "100 features are not a multiple of 32 x 4 warps.")]
    [InlineData("128x60/4x2/3/1", "60 tokens are not a multiple of 8 x 2 warps.")]
    [InlineData("128x64/4x2/1/1", "1 stages; at least 2 are needed.")]
    [InlineData("wgmma/128x128/1/1/1", "1 stages; at least 2 are needed.")]
    [InlineData("wgmma/384x128/6/1/1", "a warpgroup product has 128 or 256 features x 128 tokens.")]
    [InlineData("wgmma/200x128/6/1/1", "a warpgroup product has 128 or 256 features x 128 tokens.")]
    [InlineData("wgmma/128x64/6/1/1", "a warpgroup product has 128 or 256 features x 128 tokens.")]
    [InlineData("wgmma/128x128/6/3/1", "3 blocks of a cluster; there may be 1, 2, 4 or 8.")]
    [InlineData("wgmma/128x128/6/4/0", "0 splits; at least 1 is needed.")]
    [InlineData("128x64/4x2/3/0", "0 splits; at least 1 is needed.")]
    public void Wrong_choices_say_what_is_wrong(string text, string why) => Assert.Equal(
        $"QK6020 plan: '{text}': {why} Correct the plan, or leave the choice to the engine.",
        Assert.Throws<QatKitException>(() => GemmChoice.Parse(text)).Message);

    [Fact]
    public void Forced_choices_that_do_not_fit_are_refused()
    {
        var problem = new GemmProblem(128, 1024, 512, false, Floats);
        string Message(string choice) => Assert.Throws<QatKitException>(() => new GemmPlanner(FakeCudaDriver.Device(), GemmChoice.Parse(choice)).Plan(problem)).Message;
        Assert.Equal(
            "QK6020 plan: '256x256/4x2/3/1' for X[128, 512] W[1024, 512]: a block needs 197632 bytes of shared memory, the device has 166912. Correct the plan, or leave the choice to the engine.",
            Message("256x256/4x2/3/1"));
        Assert.Equal(
            "QK6020 plan: '64x64/2x2/4/8' for X[128, 512] W[1024, 512]: K has 4 steps of 128, too few for 8 splits. Correct the plan, or leave the choice to the engine.",
            Message("64x64/2x2/4/8"));
        Assert.Equal(
            "QK6020 plan: 'wgmma/128x128/6/4/1' for X[128, 512] W[1024, 512]: warpgroup products need compute capability 9.0 and whole rows. Correct the plan, or leave the choice to the engine.",
            Message("wgmma/128x128/6/4/1"));
    }

    [Fact]
    public void Every_attention_plan_is_in_the_catalog()
    {
        foreach (var device in new[] { FakeCudaDriver.Hopper, FakeCudaDriver.Device(), FakeCudaDriver.Device(8, 9, multiprocessors: 20) with { SharedBytesPerBlock = 101376 } })
        {
            foreach (var headDim in new[] { 16, 64, 128 })
            {
                var catalog = AttentionPlan.Shapes.Select(s => s.Define(headDim, OutputType.Int8).ToString()).ToHashSet();
                foreach (var (length, sequences) in from length in new[] { 32, 64, 128, 256, 512, 1024 } from sequences in new[] { 1, 2, 4, 8, 64 } select (length, sequences))
                {
                    var plan = AttentionPlan.For(device, Bucket.For(length * sequences, sequences, length), 16, headDim, OutputType.Int8);
                    Assert.Contains(plan.Definition.ToString(), catalog);
                    Assert.True(plan.Definition.SharedBytes <= device.SharedBytesPerBlock && plan.Grid.X * 16 * plan.Shape.Groups >= length, plan.ToString());
                }
            }
        }
    }

    [Fact]
    public void Attention_keeps_a_sequence_in_shared_memory_and_fills_the_device()
    {
        var one = AttentionPlan.For(FakeCudaDriver.Device(), Bucket.For(128, 1, 128), 16, 64, OutputType.Int8);
        // Each warp of a block has a quarter of the keys: the device has room for more than one warp of a multiprocessor.
        Assert.Equal("attention<HEAD_DIM=64, WARPS=4, SPLIT=4, KEY_TILE=128, OUTPUT=0>, 128 blocks", one.ToString());
        Assert.Equal("1x4x128", one.Shape.ToString());
        var many = AttentionPlan.For(FakeCudaDriver.Device(), Bucket.For(4096, 8, 512), 16, 64, OutputType.Int8);
        Assert.Equal("attention<HEAD_DIM=64, WARPS=4, SPLIT=1, KEY_TILE=512, OUTPUT=0>, 1024 blocks", many.ToString());
    }
}

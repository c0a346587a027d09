using System.Globalization;
using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>Chooses tile and splits of a matrix product for a device.</summary>
/// <remarks>The estimate counts, per multiprocessor, the clocks of the tensor cores and of the copies from L2, whichever is
/// more, plus a fixed price for a round of blocks and the traffic of split sums. Its constants are arithmetic from published
/// peak rates, not measurements: it ranks choices, it does not predict times.</remarks>
/// <param name="device">The device.</param>
/// <param name="forced">The choice for every product that can have it.</param>
/// <param name="withoutWarpgroups">Leaves warpgroup products out.</param>
internal sealed class GemmPlanner(CudaDevice device, GemmChoice? forced = null, bool withoutWarpgroups = false)
{
    /// <summary>int32 elements that split sums may take.</summary>
    public const int PartialCapacity = 1 << 22;

    /// <summary>Output tiles that splits may share.</summary>
    public const int ArrivalCapacity = 1 << 14;

    // int8 multiply-adds per clock and multiprocessor. A 2:4 mma does 1.4 times the work (measured by others); a 2:4 wgmma is
    // bound by the tokens it reads from shared memory.
    private const double TileRate = 2048;
    private const double TileSparseGain = 1.4;
    private const double WarpgroupRate = 4096;
    private const double WarpgroupSparseGain = 1.6;
    private const double L2BytesPerClock = 48;
    private const double RoundClocks = 1500;
    private const double SplitBytesPerClock = 16;
    private const int WarpgroupStages = 6;
    private static readonly int[] SplitChoices = [1, 2, 4, 8, 16];

    /// <summary>Tiles to choose from, largest first: on equal estimates, and equally many busy multiprocessors, the first wins.</summary>
    public static IReadOnlyList<GemmTile> Tiles { get; } =
    [
        new(128, 128, 4, 2, 3), new(128, 64, 4, 2, 3), new(64, 128, 2, 4, 3), new(64, 64, 2, 2, 4),
        new(64, 32, 2, 2, 4), new(32, 64, 1, 4, 4), new(32, 32, 1, 2, 4),
    ];

    /// <summary>Every choice, whether it fits or not. The warpgroup product comes last: whoever tries all of them tries the kernel with
    /// the most to go wrong when the others have said what they can.</summary>
    public static IEnumerable<GemmChoice> Choices { get; } =
    [
        .. from tile in Tiles
           from splits in SplitChoices
           select new TileChoice(tile, splits),
        new WarpgroupChoice(WarpgroupStages),
    ];

    /// <summary>The plan for a problem.</summary>
    /// <exception cref="QatKitException">QK6020: the forced choice does not fit the device or the problem.</exception>
    public GemmPlan Plan(GemmProblem problem)
    {
        // A forced warpgroup product cannot pick rows: the pooler keeps the planner's choice.
        if (forced is not null && !(problem.Gathered && forced is WarpgroupChoice))
        {
            if (WhyNot(problem, forced) is { } why)
                throw new QatKitException("QK6020", "plan", $"'{forced}' for {problem}: {why} Correct the plan, or leave the choice to the engine.");
            return Estimate(problem, forced, "forced");
        }

        // Of equal estimates the one with more blocks, while multiprocessors are idle: the model prices the slowest of them alone.
        return Choices.Where(choice => WhyNot(problem, choice) is null && !(withoutWarpgroups && choice is WarpgroupChoice))
            .Select(choice => Estimate(problem, choice, "lowest estimate"))
            .MinBy(p => (p.Kilocycles, -Math.Min(p.Blocks, device.Multiprocessors), p.Choice is WarpgroupChoice ? 0 : 1))
            ?? throw new QatKitException("QK6020", "plan",
                $"no tile fits the {device.SharedBytesPerBlock} bytes of shared memory that a block of {device.Name} has. Run on the CPU.");
    }

    private string? WhyNot(GemmProblem problem, GemmChoice choice)
    {
        var shared = choice.Define(problem).SharedBytes + KernelDefinition.StaticSharedBytes;
        if (shared > device.SharedBytesPerBlock)
            return string.Create(CultureInfo.InvariantCulture, $"a block needs {shared} bytes of shared memory, the device has {device.SharedBytesPerBlock}.");
        if (choice is not TileChoice tile) return device.IsHopper && !problem.Gathered ? null : "warpgroup products need compute capability 9.0 and whole rows.";
        if (tile.Splits == 1) return null;
        var steps = Steps(problem);
        if (tile.Splits > steps) return string.Create(CultureInfo.InvariantCulture, $"K has {steps} steps of {GemmVariant.TileDepth}, too few for {tile.Splits} splits.");
        var variant = tile.Variant(problem);
        if (variant.PartialElements(problem.Tokens, problem.Features) > PartialCapacity || variant.Tiles(problem.Tokens, problem.Features) > ArrivalCapacity)
            return string.Create(CultureInfo.InvariantCulture, $"the split sums need more than {PartialCapacity} elements or {ArrivalCapacity} tiles.");
        return null;
    }

    private GemmPlan Estimate(GemmProblem problem, GemmChoice choice, string reason)
    {
        var definition = choice.Define(problem);
        var grid = choice.Grid(problem);
        var blocks = grid.X * grid.Y * grid.Z;
        var resident = Resident(choice, definition, problem.Sparse24);
        var steps = DivideUp(Steps(problem), choice.Splits);
        double area = choice.TileFeatures * choice.TileTokens;
        var rate = choice is WarpgroupChoice
            ? WarpgroupRate * (problem.Sparse24 ? WarpgroupSparseGain : 1)
            : TileRate * (problem.Sparse24 ? TileSparseGain : 1);
        var multiply = area * GemmVariant.TileDepth / rate;
        var copy = (choice.TileFeatures / 32 * GemmVariant.GroupBytes(problem.Sparse24) + choice.TileTokens * GemmVariant.TileDepth) / L2BytesPerClock;
        var perMultiprocessor = DivideUp(blocks, device.Multiprocessors);
        var clocks = perMultiprocessor * steps * Math.Max(multiply, copy) + DivideUp(perMultiprocessor, resident) * RoundClocks;
        if (choice.Splits > 1) clocks += perMultiprocessor * area * sizeof(int) / SplitBytesPerClock;
        return new GemmPlan(problem, choice, (double)blocks / (device.Multiprocessors * resident), clocks / 1000, reason);
    }

    // Blocks that a multiprocessor holds: what limits them is shared memory (1 KB of each is the system's), threads or registers.
    private int Resident(GemmChoice choice, KernelDefinition definition, bool sparse24)
    {
        var threads = device.Capability is 80 or 90 ? 2048 : 1536;
        var shared = device.SharedBytesPerMultiprocessor / (definition.SharedBytes + KernelDefinition.StaticSharedBytes);
        return Math.Max(1, Math.Min(Math.Min(shared, threads / definition.Threads), GemmRegisters.Blocks(GemmRegisters.Of(choice, sparse24), definition.Threads)));
    }

    private static int Steps(GemmProblem problem) => DivideUp(problem.Depth, GemmVariant.TileDepth);

    private static int DivideUp(int value, int step) => (value + step - 1) / step;
}

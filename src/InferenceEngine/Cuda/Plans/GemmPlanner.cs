using System.Globalization;
using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>Chooses tile and splits of a matrix product for a device.</summary>
/// <remarks>The estimate counts, per multiprocessor, the clocks of the tensor cores and of the copies from L2, whichever is
/// more, plus a fixed price for a round of blocks and the traffic of split sums. Its constants are arithmetic from published
/// peak rates, not measurements: it ranks choices, it does not predict times.</remarks>
internal sealed class GemmPlanner(CudaDevice device, GemmChoice? forced = null)
{
    /// <summary>int32 elements that split sums may take.</summary>
    public const int PartialCapacity = 1 << 22;

    /// <summary>Output tiles that splits may share.</summary>
    public const int ArrivalCapacity = 1 << 14;

    // int8 multiply-adds of mma.sync per clock and multiprocessor; a 2:4 product does 1.4 times the work (measured by others).
    private const double DenseRate = 2048;
    private const double SparseGain = 1.4;
    private const double L2BytesPerClock = 48;
    private const double RoundClocks = 1500;
    private const double SplitBytesPerClock = 16;

    private static readonly int[] SplitChoices = [1, 2, 4, 8, 16];

    /// <summary>Tiles to choose from, largest first: on equal estimates the first wins.</summary>
    public static IReadOnlyList<GemmTile> Tiles { get; } =
    [
        new(128, 128, 4, 2, 3), new(128, 64, 4, 2, 3), new(64, 128, 2, 4, 3), new(64, 64, 2, 2, 4),
        new(64, 32, 2, 2, 4), new(32, 64, 1, 4, 4), new(32, 32, 1, 2, 4),
    ];

    /// <summary>The plan for a problem.</summary>
    /// <exception cref="QatKitException">QK6020: the forced choice does not fit the device or the problem.</exception>
    public GemmPlan Plan(GemmProblem problem)
    {
        if (forced is not null)
        {
            var why = WhyNot(problem, forced);
            if (why is not null)
                throw new QatKitException("QK6020", "plan", $"'{forced}' for {problem}: {why} Correct the plan, or leave the choice to the engine.");
            return Estimate(problem, forced, "forced");
        }

        var best = (from tile in Tiles
                    from splits in SplitChoices
                    let choice = new GemmChoice(tile, splits)
                    where WhyNot(problem, choice) is null
                    select Estimate(problem, choice, "lowest estimate")).MinBy(p => p.Kilocycles);
        return best ?? throw new QatKitException("QK6020", "plan",
            $"no tile fits the {device.SharedBytesPerBlock} bytes of shared memory that a block of {device.Name} has. Run on the CPU.");
    }

    private string? WhyNot(GemmProblem problem, GemmChoice choice)
    {
        var variant = new GemmVariant(choice.Tile, problem.Sparse24, problem.Epilogue);
        var shared = variant.Define().SharedBytes;
        if (shared > device.SharedBytesPerBlock)
            return string.Create(CultureInfo.InvariantCulture, $"a block needs {shared} bytes of shared memory, the device has {device.SharedBytesPerBlock}.");
        if (choice.Splits == 1) return null;
        var steps = Steps(problem);
        if (choice.Splits > steps) return string.Create(CultureInfo.InvariantCulture, $"K has {steps} steps of {GemmVariant.TileDepth}, too few for {choice.Splits} splits.");
        if (variant.PartialElements(problem.Tokens, problem.Features) > PartialCapacity || variant.Tiles(problem.Tokens, problem.Features) > ArrivalCapacity)
            return string.Create(CultureInfo.InvariantCulture, $"the split sums need more than {PartialCapacity} elements or {ArrivalCapacity} tiles.");
        return null;
    }

    private GemmPlan Estimate(GemmProblem problem, GemmChoice choice, string reason)
    {
        var variant = new GemmVariant(choice.Tile, problem.Sparse24, problem.Epilogue);
        var definition = variant.Define();
        var grid = variant.Grid(problem.Tokens, problem.Features, choice.Splits);
        var blocks = grid.X * grid.Y * grid.Z;
        // What limits the blocks of a multiprocessor: shared memory (1 KB of each is the system's), threads.
        var resident = Math.Max(1, Math.Min(device.SharedBytesPerMultiprocessor / (definition.SharedBytes + 1024), 1536 / definition.Threads));
        var steps = (Steps(problem) + choice.Splits - 1) / choice.Splits;
        double area = choice.Tile.Features * choice.Tile.Tokens;
        var multiply = area * GemmVariant.TileDepth / (DenseRate * (problem.Sparse24 ? SparseGain : 1));
        var copy = (choice.Tile.Features / 32 * GemmVariant.GroupBytes(problem.Sparse24) + choice.Tile.Tokens * GemmVariant.TileDepth) / L2BytesPerClock;
        var perMultiprocessor = DivideUp(blocks, device.Multiprocessors);
        var clocks = perMultiprocessor * steps * Math.Max(multiply, copy) + DivideUp(perMultiprocessor, resident) * RoundClocks;
        if (choice.Splits > 1) clocks += perMultiprocessor * area * sizeof(int) / SplitBytesPerClock;
        return new GemmPlan(problem, variant, choice.Splits, blocks, (double)blocks / (device.Multiprocessors * resident), clocks / 1000, reason);
    }

    private static int Steps(GemmProblem problem) => DivideUp(problem.Depth, GemmVariant.TileDepth);

    private static int DivideUp(int value, int step) => (value + step - 1) / step;
}

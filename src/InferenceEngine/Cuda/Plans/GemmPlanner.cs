using System.Globalization;
using QatKit.Core.Diagnostics;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>Chooses tile and splits of a matrix product for a device.</summary>
/// <param name="device">The device.</param>
/// <param name="forced">The choice for every product that can have it.</param>
/// <param name="without">What is not chosen, unless it is forced.</param>
internal sealed class GemmPlanner(CudaDevice device, GemmChoice? forced = null, GemmExclusion without = GemmExclusion.None)
{
    /// <summary>int32 elements that split sums may take.</summary>
    public const int PartialCapacity = 1 << 22;

    /// <summary>Output tiles that splits may share.</summary>
    public const int ArrivalCapacity = 1 << 14;

    private static readonly int[] SplitChoices = [1, 2, 4, 8, 16];
    private static readonly int[] WarpgroupSplitChoices = [1, 2, 4];

    private readonly GemmModel _model = new(device);

    /// <summary>Tiles to choose from, largest first: of equal estimates the first wins.</summary>
    public static IReadOnlyList<GemmTile> Tiles { get; } =
    [
        new(128, 128, 4, 2, 3), new(128, 64, 4, 2, 3), new(64, 128, 2, 4, 3), new(64, 64, 2, 2, 4),
        new(64, 32, 2, 2, 4), new(32, 64, 1, 4, 4), new(32, 32, 1, 2, 4),
    ];

    /// <summary>Tiles of warpgroup products, those in clusters last.</summary>
    public static IReadOnlyList<WarpgroupTile> WarpgroupTiles { get; } = [new(256, 6, 1), new(128, 6, 1), new(128, 6, 2), new(128, 6, 4)];

    /// <summary>Every choice, whether it fits or not. Warpgroup products come last, and those in clusters after the others: whoever tries all of
    /// them tries the kernels with the most to go wrong when the others have said what they can.</summary>
    public static IEnumerable<GemmChoice> Choices { get; } =
    [
        .. from tile in Tiles
           from splits in SplitChoices
           select new TileChoice(tile, splits),
        .. from tile in WarpgroupTiles
           from splits in WarpgroupSplitChoices
           select new WarpgroupChoice(tile, splits),
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

        // Of equal estimates a warpgroup product, and of these the one with the smallest clusters.
        return Choices.Where(choice => WhyNot(problem, choice) is null && !without.Covers(choice))
            .Select(choice => Estimate(problem, choice, "lowest estimate"))
            .MinBy(p => (p.Kilocycles, p.Choice is WarpgroupChoice ? 0 : 1))
            ?? throw new QatKitException("QK6020", "plan",
                $"no tile fits the {device.SharedBytesPerBlock} bytes of shared memory that a block of {device.Name} has. Run on the CPU.");
    }

    private string? WhyNot(GemmProblem problem, GemmChoice choice)
    {
        var shared = choice.Define(problem).SharedBytes + KernelDefinition.StaticSharedBytes;
        if (shared > device.SharedBytesPerBlock)
            return string.Create(CultureInfo.InvariantCulture, $"a block needs {shared} bytes of shared memory, the device has {device.SharedBytesPerBlock}.");
        if (choice is WarpgroupChoice && (!device.IsHopper || problem.Gathered)) return "warpgroup products need compute capability 9.0 and whole rows.";
        if (choice.Splits == 1) return null;
        if (choice.Splits > problem.Steps)
            return string.Create(CultureInfo.InvariantCulture, $"K has {problem.Steps} steps of {GemmVariant.TileDepth}, too few for {choice.Splits} splits.");
        var tiles = choice.Grid(problem).Tiles;
        if ((long)tiles * choice.TileFeatures * choice.TileTokens > PartialCapacity || tiles > ArrivalCapacity)
            return string.Create(CultureInfo.InvariantCulture, $"the split sums need more than {PartialCapacity} elements or {ArrivalCapacity} tiles.");
        return null;
    }

    private GemmPlan Estimate(GemmProblem problem, GemmChoice choice, string reason)
    {
        var (waves, kilocycles) = _model.Estimate(problem, choice);
        return new GemmPlan(problem, choice, waves, kilocycles, reason);
    }
}

using System.Globalization;
using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>How one matrix product is computed. No choice changes a bit of the result.</summary>
/// <param name="Problem">What is computed.</param>
/// <param name="Variant">Kernel and tile.</param>
/// <param name="Splits">Blocks that share one output tile along K.</param>
/// <param name="Blocks">Blocks in all.</param>
/// <param name="Waves">Rounds in which the device's multiprocessors work the blocks off; below 1 some are idle.</param>
/// <param name="Kilocycles">The model's estimate, 1000 clocks.</param>
/// <param name="Reason">Why this plan.</param>
internal sealed record GemmPlan(
    GemmProblem Problem, GemmVariant Variant, int Splits, int Blocks, double Waves, double Kilocycles, string Reason)
{
    /// <summary>Blocks by dimension.</summary>
    public LaunchGrid Grid => Variant.Grid(Problem.Tokens, Problem.Features, Splits);

    /// <summary>One line for people: shapes, the choice in the form that <see cref="GemmChoice.Parse"/> reads, load, reason.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Problem}: {new GemmChoice(Variant.Tile, Splits)}, {Blocks} blocks, {Waves:0.00} waves, {Kilocycles:0.0} kcycles estimated ({Reason})");
}

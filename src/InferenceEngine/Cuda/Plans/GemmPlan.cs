using System.Globalization;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>How one matrix product is computed. No choice changes a bit of the result.</summary>
/// <param name="Problem">What is computed.</param>
/// <param name="Choice">Kernel, tile and splits.</param>
/// <param name="Waves">Rounds in which the device's multiprocessors work the blocks off; below 1 some are idle.</param>
/// <param name="Kilocycles">The model's estimate, 1000 clocks.</param>
/// <param name="Reason">Why this plan.</param>
internal sealed record GemmPlan(GemmProblem Problem, GemmChoice Choice, double Waves, double Kilocycles, string Reason)
{
    /// <summary>Blocks in all.</summary>
    public int Blocks => Choice.Grid(Problem).Blocks;

    /// <summary>One line for people: shapes, the choice in the form that <see cref="GemmChoice.Parse"/> reads, load, reason.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Problem}: {Choice}, {Blocks} blocks, {Waves:0.00} waves, {Kilocycles:0.0} kcycles estimated ({Reason})");
}

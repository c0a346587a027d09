using System.ComponentModel.DataAnnotations;

namespace QatKit.Training.Recipes;

/// <summary>2:4 sparsity: of four neighbouring weights two are zero.</summary>
public sealed record SparsitySection
{
    /// <summary>The pattern.</summary>
    public required SparsityPattern Pattern { get; init; }

    /// <summary>Linear layers to prune, as globs or regular expressions (<c>re:...</c>).</summary>
    public IReadOnlyList<string> Targets { get; init; } = ["bert.encoder.*"];

    /// <summary>Exceptions from <c>targets</c>.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>one_shot chooses the masks once; recompute chooses them again until <c>until_step</c>.</summary>
    public SparsitySchedule Schedule { get; init; } = SparsitySchedule.OneShot;

    /// <summary>Optimizer step of the quantization stage at which weights are pruned first.</summary>
    [Range(0, int.MaxValue)]
    public int StartStep { get; init; }

    /// <summary>Schedule recompute: steps between two choices of the masks.</summary>
    [Range(1, int.MaxValue)]
    public int? EverySteps { get; init; }

    /// <summary>Schedule recompute: the step from which the masks are fixed.</summary>
    [Range(1, int.MaxValue)]
    public int? UntilStep { get; init; }
}

/// <summary>A sparsity pattern.</summary>
public enum SparsityPattern
{
    /// <summary>Two of four consecutive weights along the input are kept.</summary>
    [RecipeName("2:4")]
    TwoOfFour,
}

/// <summary>When masks are chosen.</summary>
public enum SparsitySchedule
{
    /// <summary>Once.</summary>
    OneShot,

    /// <summary>Again every so many steps, until a step.</summary>
    Recompute,
}

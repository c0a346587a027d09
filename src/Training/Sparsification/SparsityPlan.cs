using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Quantization.Placement;
using QatKit.Quantization.Surgery;
using QatKit.Sparsity;

namespace QatKit.Training.Sparsification;

/// <summary>Which layers are pruned to 2:4.</summary>
/// <remarks>The classifier and the embeddings are never pruned, nor is a layer whose shape 2:4 kernels cannot take.</remarks>
public sealed record SparsityPlan
{
    /// <summary>Patterns of layers to prune (<see cref="NamePattern"/>); by default all.</summary>
    public IReadOnlyList<string> Targets { get; init; } = ["*"];

    /// <summary>Patterns of layers that stay dense; by default none.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>The layers that are pruned, in running order.</summary>
    /// <exception cref="QatKitException">QK2010 a pattern that matches nothing, QK2011 an invalid one; all at once. QK3005: no layer is
    /// left that can be pruned.</exception>
    public IReadOnlyList<string> Resolve(BertArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        var problems = new DiagnosticBag();
        var layers = LinearLayers.Of(architecture);
        var targets = NamePattern.Select(Targets, "sparsity.targets", layers, problems);
        var ignored = NamePattern.Select(Ignore, "sparsity.ignore", layers, problems);
        problems.ThrowIfAny();
        var chosen = layers.Where(l => l != ModuleNames.Classifier && targets.Contains(l) && !ignored.Contains(l))
            .Select(l => (Name: l, Reason: NmPattern.TwoFour.IneligibleReason(Outputs(l, architecture), Inputs(l, architecture)))).ToList();
        string[] eligible = [.. chosen.Where(l => l.Reason is null).Select(l => l.Name)];
        if (eligible.Length > 0) return eligible;
        throw new QatKitException("QK3005", "sparsity", chosen.Count == 0
            ? "targets without ignore leaves no layer that may be pruned. Choose layers of the encoder or the pooler, or remove the section."
            : $"no chosen layer can be pruned: '{chosen[0].Name}' has a shape of which {chosen[0].Reason}. Use other sizes, or remove the section.");
    }

    private static int Outputs(string layer, BertArchitecture a) =>
        layer.EndsWith(".intermediate.dense", StringComparison.Ordinal) ? a.Intermediate : a.Hidden;

    private static int Inputs(string layer, BertArchitecture a) =>
        Enumerable.Range(0, a.Layers).Any(i => layer == ModuleNames.Output(i)) ? a.Intermediate : a.Hidden;
}

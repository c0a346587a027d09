using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;

namespace QatKit.Core.Artifact;

/// <summary>Checks that a manifest describes the model that the configuration names.</summary>
internal static class ManifestValidator
{
    /// <exception cref="QatKitException">QK4016: every disagreement.</exception>
    public static void Check(string path, ArtifactManifest manifest, BertArchitecture architecture)
    {
        var problems = new DiagnosticBag();
        void Report(string message) => problems.Add("QK4016", path, message);

        // Six layers per encoder layer, the pooler and the classifier. First of all, so that a damaged count of layers
        // cannot make the lists of names below absurdly long.
        if (6L * architecture.Layers + 2 != manifest.Layers.Count)
        {
            Report($"'layers' has {manifest.Layers.Count} entries, num_hidden_layers = {architecture.Layers} needs {6L * architecture.Layers + 2}.");
            problems.ThrowIfAny();
        }

        Names("layers", manifest.Layers.Keys, TensorNames.Linears(architecture.Layers));
        Names("embeddings", manifest.Embeddings.Keys, TensorNames.Embeddings);
        Names("layerNormExponents", manifest.LayerNormExponents.Keys, TensorNames.LayerNorms(architecture.Layers));
        foreach (var (name, layer) in manifest.Layers)
        {
            if (layer.Sparsity is null != layer.MaskSha256 is null) Report($"'layers.{name}' has only one of sparsity and maskSha256.");
            else if (layer.Sparsity is not (null or "2:4")) Report($"'layers.{name}.sparsity' is '{layer.Sparsity}'. Known: 2:4.");
        }

        foreach (var problem in Details(manifest.Details, architecture)) Report(problem);
        problems.ThrowIfAny();

        void Names(string section, IEnumerable<string> actual, IEnumerable<string> expected)
        {
            var known = expected.ToList();
            var unknown = actual.Except(known).ToList();
            foreach (var name in known.Except(actual)) Report($"'{section}' lacks '{name}'.{Suggestion.For(name, unknown)}");
            foreach (var name in unknown) Report($"'{section}' has the unknown '{name}'.");
        }
    }

    /// <summary>What is wrong with details for a model of the given sizes; also checked before an export.</summary>
    public static IEnumerable<string> Details(ArtifactDetails details, BertArchitecture architecture)
    {
        if (details.Labels.Count != architecture.Classes)
            yield return $"there are {details.Labels.Count} labels, the classifier has {architecture.Classes} outputs.";
        if (details.Labels.Any(string.IsNullOrEmpty))
            yield return "a label is empty.";
        foreach (var label in details.Labels.GroupBy(l => l).Where(g => g.Count() > 1))
            yield return $"the label '{label.Key}' occurs {label.Count()} times.";
        if (details.MaxSequenceLength < 1 || details.MaxSequenceLength > architecture.MaxPositions)
            yield return $"the longest sequence is {details.MaxSequenceLength}, outside 1..{architecture.MaxPositions} (max_position_embeddings).";
        foreach (var (name, value) in details.Evaluation)
        {
            if (!double.IsFinite(value)) yield return $"the metric '{name}' is {value}; metrics are finite.";
        }
    }
}

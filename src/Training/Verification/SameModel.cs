using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Training.Bert;
using QatKit.Training.Runs;

namespace QatKit.Training.Verification;

// Tells a run that cannot have made a model from one that can: what has other sizes or classes cannot be compared.
internal static class SameModel
{
    // QK1124 with every difference.
    public static void Require(ModelArtifact artifact, RunFolder folder, IReadOnlyList<string> labels)
    {
        var run = BertConfig.Load(Path.Combine(folder.Fp32, BertCheckpoint.ConfigFile)).ToArchitecture();
        var problems = new DiagnosticBag();
        foreach (var ((name, ofRun), (_, ofModel)) in Facts(run, labels).Zip(Facts(artifact.Graph.Architecture, artifact.Manifest.Details.Labels)))
        {
            if (ofRun != ofModel)
                problems.Add("QK1124", folder.Root, $"{name} of the run = {ofRun}, of the model in {artifact.Directory} = {ofModel}. Pass the run that made the model.");
        }

        problems.ThrowIfAny();
    }

    private static IEnumerable<(string Name, string Value)> Facts(BertArchitecture a, IReadOnlyList<string> labels)
    {
        static string Text(FormattableString text) => FormattableString.Invariant(text);
        yield return ("layers", Text($"{a.Layers}"));
        yield return ("hidden size", Text($"{a.Hidden}"));
        yield return ("heads", Text($"{a.Heads}"));
        yield return ("feed-forward size", Text($"{a.Intermediate}"));
        yield return ("vocabulary", Text($"{a.VocabSize}"));
        yield return ("positions", Text($"{a.MaxPositions}"));
        yield return ("token types", Text($"{a.TypeVocabSize}"));
        yield return ("layer_norm_eps", Text($"{a.LayerNormEpsilon:R}"));
        yield return ("labels", string.Join(", ", labels));
    }
}

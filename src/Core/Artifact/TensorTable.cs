using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Tensors;

namespace QatKit.Core.Artifact;

/// <summary>The tensors that an artifact must have, no more and no less, each with its type and shape.</summary>
internal static class TensorTable
{
    /// <exception cref="QatKitException">Every problem: QK4020 missing, QK4021 extra, QK4022 other type, QK4023 other shape.</exception>
    public static void Check(string path, SafetensorsFile file, BertArchitecture architecture, ArtifactManifest manifest)
    {
        var expected = Expected(architecture, manifest).ToList();
        var extra = file.Names.Except(expected.Select(e => e.Name)).ToList();
        var problems = new DiagnosticBag();
        foreach (var (name, type, shape) in expected)
        {
            if (!file.Contains(name))
            {
                problems.Add("QK4020", path, $"there is no tensor '{name}'.{Suggestion.For(name, extra)}");
                continue;
            }

            var info = file.Info(name);
            if (info.Type != type)
                problems.Add("QK4022", path, $"tensor '{name}' has the type {info.Type}, expected {type}.");
            if (!info.Shape.SequenceEqual(shape))
                problems.Add("QK4023", path, $"tensor '{name}' has the shape {info.ShapeText}, expected [{string.Join(", ", shape)}].");
        }

        foreach (var name in extra) problems.Add("QK4021", path, $"tensor '{name}' does not belong to this model.");
        problems.ThrowIfAny();
    }

    private static IEnumerable<ExpectedTensor> Expected(BertArchitecture a, ArtifactManifest manifest)
    {
        foreach (var (name, rows) in new[] { (ModuleNames.WordEmbeddings, a.VocabSize), (ModuleNames.PositionEmbeddings, a.MaxPositions), (ModuleNames.TokenTypeEmbeddings, a.TypeVocabSize) })
        {
            var int8 = manifest.Embeddings[name] == EmbeddingStorage.Int8;
            yield return new(TensorNames.Weight(name), int8 ? TensorType.I8 : TensorType.F32, [rows, a.Hidden]);
            if (int8) yield return new(TensorNames.WeightScale(name), TensorType.F32, [rows, 1]);
        }

        foreach (var name in TensorNames.LayerNorms(a.Layers))
        {
            yield return new(TensorNames.Weight(name), TensorType.F32, [a.Hidden]);
            yield return new(TensorNames.Bias(name), TensorType.F32, [a.Hidden]);
        }

        for (var i = 0; i < a.Layers; i++)
        {
            foreach (var name in new[] { ModuleNames.Query(i), ModuleNames.Key(i), ModuleNames.Value(i) })
            {
                foreach (var tensor in Linear(name, a.Hidden, a.Hidden)) yield return tensor;
                yield return new(TensorNames.OutputScale(name), TensorType.F32, [1]);
            }

            foreach (var tensor in Linear(ModuleNames.AttentionOutput(i), a.Hidden, a.Hidden)) yield return tensor;
            foreach (var tensor in Linear(ModuleNames.Intermediate(i), a.Intermediate, a.Hidden)) yield return tensor;
            foreach (var tensor in Linear(ModuleNames.Output(i), a.Hidden, a.Intermediate)) yield return tensor;
        }

        foreach (var tensor in Linear(ModuleNames.Pooler, a.Hidden, a.Hidden)) yield return tensor;
        foreach (var tensor in Linear(ModuleNames.Classifier, a.Classes, a.Hidden)) yield return tensor;

        IEnumerable<ExpectedTensor> Linear(string name, long outputs, long inputs)
        {
            var layer = manifest.Layers[name];
            yield return new(TensorNames.Weight(name), layer.Width == CodeWidth.Int8 ? TensorType.I8 : TensorType.I16, [outputs, inputs]);
            yield return new(TensorNames.WeightScale(name), TensorType.F32, [outputs, 1]);
            yield return new(TensorNames.InputScale(name), TensorType.F32, [1]);
            yield return new(TensorNames.InputScaleInverse(name), TensorType.F32, [1]);
            yield return new(TensorNames.Bias(name), TensorType.F32, [outputs]);
            if (layer.Sparsity is not null) yield return new(TensorNames.WeightMask(name), TensorType.U8, [outputs, inputs / 8]);
        }
    }

    // A class: generic code over it is compiled ahead of time, which code over a tuple is not, and a cold start pays for it.
    private sealed record ExpectedTensor(string Name, TensorType Type, long[] Shape);
}

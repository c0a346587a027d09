using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Training.Data;

namespace QatKit.Training.Verification;

// The classes of data as those of a model.
internal sealed record DataClasses(int[]? Map, string? Note)
{
    // QK1123 where the data is not of the model's task.
    public static DataClasses Match(string source, IReadOnlyList<string> data, ModelArtifact artifact)
    {
        var model = OfModel(artifact);
        if (data.Count == 0 && model.Count == 0) return new DataClasses(null, null);
        if (LabelOrder.Map(data, model) is { } map) return new DataClasses(map, null);
        if (data.Count == model.Count && LabelOrder.IsUnnamed(model))
            return new DataClasses(null, $"the model does not name its classes; they are taken for {string.Join(", ", data)}, in this order.");
        throw new QatKitException("QK1123", source, $"the data has {Show(data)}, the model in {artifact.Directory} has {Show(model)}. Pass data of the model's own task; --format tells the format of a file.");
    }

    // Class names of a model; empty for a regression.
    public static IReadOnlyList<string> OfModel(ModelArtifact artifact) =>
        artifact.Graph.Architecture.Classes == 1 ? [] : artifact.Manifest.Details.Labels;

    // A class index of the data as one of the model; scores stay what they are.
    public float ToModel(float label) => Map is null || float.IsNaN(label) ? label : Map[(int)label];

    private static string Show(IReadOnlyList<string> classes) => classes.Count == 0 ? "scores" : $"the classes {string.Join(", ", classes)}";
}

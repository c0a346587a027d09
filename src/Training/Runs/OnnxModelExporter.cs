using QatKit.Core.Artifact;
using QatKit.Core.Diagnostics;
using QatKit.Export.Onnx;
using QatKit.Training.Bert;
using QatKit.Training.Recipes;

namespace QatKit.Training.Runs;

/// <summary>Writes what a folder holds as an ONNX file: an artifact, the model of a finished run, or a float checkpoint.</summary>
public static class OnnxModelExporter
{
    /// <summary>The INT8 model of a folder.</summary>
    /// <param name="folder">Folder of an exported model, or of a finished run.</param>
    /// <exception cref="QatKitException">QK4304: the folder holds no INT8 model; those of <see cref="ArtifactReader"/>.</exception>
    public static ModelArtifact Read(string folder)
    {
        if (Model(folder) is { } model) return ArtifactReader.Read(model);
        throw new QatKitException("QK4304", folder, IsCheckpoint(folder)
            ? "this is a float checkpoint: there are no scales, so there is no INT8 model. Run a recipe first, or write it with --float and without --data."
            : "this is neither an exported model nor a finished run. Pass a folder that holds qatkit.json or recipe.yaml.");
    }

    /// <summary>Writes the INT8 model of an artifact or a run.</summary>
    /// <param name="folder">Folder of an exported model, or of a finished run.</param>
    /// <param name="path">The ONNX file.</param>
    /// <exception cref="QatKitException">Those of <see cref="Read"/> and <see cref="OnnxExporter"/>.</exception>
    public static OnnxSummary Export(string folder, string path) => OnnxExporter.Write(Read(folder), path);

    /// <summary>Writes a float32 model: of a run, the weights before quantization; of a Hugging Face checkpoint, its weights; of an
    /// artifact, what its codes stand for.</summary>
    /// <param name="folder">Folder of a finished run, a checkpoint or an exported model.</param>
    /// <param name="path">The ONNX file.</param>
    /// <exception cref="QatKitException">QK4304: the folder holds none of them, or a checkpoint without a classifier; those of
    /// <see cref="ArtifactReader"/>, <see cref="BertCheckpoint"/> and <see cref="OnnxExporter"/>.</exception>
    public static OnnxSummary ExportFloat(string folder, string path)
    {
        if (IsRun(folder))
            return OnnxExporter.Write(Weights(new RunFolder(folder).Fp32), OnnxCompanions.Of(Read(folder)), path);
        if (Model(folder) is not null) return OnnxExporter.WriteDequantized(Read(folder), path);
        if (!IsCheckpoint(folder))
            throw new QatKitException("QK4304", folder, "this is neither a finished run, nor a checkpoint, nor an exported model. Pass a folder that holds recipe.yaml, qatkit.json, or config.json and model.safetensors.");
        var weights = Weights(folder);
        // A checkpoint does not say whether its text is lower-cased, so its own tokenizer files stay the ones to use.
        var labels = CheckpointLabels.Read(Path.Combine(folder, BertCheckpoint.ConfigFile)) ?? [.. Enumerable.Range(0, weights.Architecture.Classes).Select(i => $"LABEL_{i}")];
        return OnnxExporter.Write(weights, new OnnxCompanions(weights.Architecture, labels, lowerCase: true, weights.Architecture.MaxPositions, vocabularyPath: null), path);
    }

    /// <summary>The weights of a model as plain data.</summary>
    public static BertWeights Weights(BertForSequenceClassification model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var tensors = new Dictionary<string, float[]>(StringComparer.Ordinal);
        foreach (var (name, parameter) in model.named_parameters())
        {
            using var values = parameter.detach().cpu();
            tensors.Add(name, values.data<float>().ToArray());
        }

        return new BertWeights(model.Architecture, tensors);
    }

    private static BertWeights Weights(string folder)
    {
        var (model, report) = BertCheckpoint.Load(folder, seed: 0);
        using (model)
        {
            if (report.Initialized.Count > 0)
                throw new QatKitException("QK4304", folder, $"the checkpoint lacks {string.Join(", ", report.Initialized)}, so it is no classifier. Fine-tune it with a recipe, and export the run.");
            return Weights(model);
        }
    }

    private static string? Model(string folder) =>
        File.Exists(Path.Combine(folder, ArtifactFiles.Manifest)) ? folder
        : IsRun(folder) ? Path.Combine(folder, RecipeLoader.Load(new RunFolder(folder).RecipePath).Recipe.Export.Output)
        : null;

    /// <summary>Columns of the data of a run's recipe; null for other folders, and where the recipe names none.</summary>
    /// <param name="folder">Any folder that can be exported.</param>
    /// <exception cref="QatKitException">The recipe cannot be read.</exception>
    public static ColumnsSection? ColumnsOf(string folder) =>
        IsRun(folder) ? RecipeLoader.Load(new RunFolder(folder).RecipePath).Recipe.Task.Columns : null;

    private static bool IsRun(string folder) => File.Exists(new RunFolder(folder).RecipePath);

    private static bool IsCheckpoint(string folder) =>
        File.Exists(Path.Combine(folder, BertCheckpoint.ConfigFile)) && File.Exists(Path.Combine(folder, BertCheckpoint.WeightsFile));
}

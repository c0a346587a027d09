using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Tensors;

namespace QatKit.Training.Bert;

/// <summary>Compares a configuration with the shapes in a weights file before a model of that size is built: a wrong number in
/// config.json must not ask for more memory than there is.</summary>
internal static class CheckpointSizes
{
    /// <summary>Reads the header only.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="path">The weights.</param>
    /// <exception cref="QatKitException">QK2022 missing, QK2024 larger than the file: every problem at once.</exception>
    internal static void Check(BertConfig config, string path)
    {
        using var file = SafetensorsFile.Open(path);
        var shapes = BertCheckpoint.CanonicalNames(file).DistinctBy(n => n.Canonical).ToDictionary(n => n.Canonical, n => file.Info(n.Name).Shape);
        var problems = new DiagnosticBag();
        Rows(ModuleNames.WordEmbeddings, "vocab_size", config.VocabSize);
        Rows(ModuleNames.PositionEmbeddings, "max_position_embeddings", config.MaxPositions);
        Rows(ModuleNames.TokenTypeEmbeddings, "type_vocab_size", config.TypeVocabSize);
        Rows(ModuleNames.Intermediate(0), "intermediate_size", config.IntermediateSize);
        // A layer that lacks a tensor is still one: what it lacks is told when the weights are read.
        var layers = shapes.Keys.Select(ModuleNames.LayerOf).OfType<int>().Distinct().Count();
        if (layers > 0 && config.Layers > layers)
            problems.Add("QK2022", path, $"num_hidden_layers = {config.Layers}, but the file holds {layers} layers. Make config.json and the checkpoint agree.");
        problems.ThrowIfAny();

        void Rows(string module, string key, int value)
        {
            if (!shapes.TryGetValue(module + ".weight", out var shape))
                problems.Add("QK2022", path, BertCheckpoint.Missing(module + ".weight"));
            else if (shape.Count > 0 && value > shape[0])
                problems.Add("QK2024", path, $"{key} = {value}, but tensor '{module}.weight' has {shape[0]} rows. Make config.json and the checkpoint agree.");
        }
    }
}

using QatKit.Core.Graph;

namespace QatKit.Quantization.Surgery;

/// <summary>Module paths of a classifier's linear layers.</summary>
public static class LinearLayers
{
    /// <summary>Every linear layer in the order in which it runs, the classifier last.</summary>
    public static IReadOnlyList<string> Of(BertArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        var names = new List<string>();
        for (var i = 0; i < architecture.Layers; i++)
            names.AddRange([ModuleNames.Query(i), ModuleNames.Key(i), ModuleNames.Value(i), ModuleNames.AttentionOutput(i), ModuleNames.Intermediate(i), ModuleNames.Output(i)]);
        return [.. names, ModuleNames.Pooler, ModuleNames.Classifier];
    }

    /// <summary>The layers that read the same tensor through the same quantizer: query, key and value, else the layer alone.</summary>
    internal static IReadOnlyList<string> ReadersOfInput(string layer, int layers)
    {
        for (var i = 0; i < layers; i++)
        {
            string[] projections = [ModuleNames.Query(i), ModuleNames.Key(i), ModuleNames.Value(i)];
            if (projections.Contains(layer)) return projections;
        }

        return [layer];
    }

    /// <summary>Trace name of what the layer reads: its producer's. Null for key and value, whose input is the query's.</summary>
    internal static string? InputTraceName(string layer, int layers)
    {
        if (layer == ModuleNames.Classifier) return ModuleNames.Pooler;
        if (layer == ModuleNames.Pooler) return ModuleNames.OutputLayerNorm(layers - 1);
        for (var i = 0; i < layers; i++)
        {
            if (layer == ModuleNames.Query(i)) return i == 0 ? ModuleNames.EmbeddingLayerNorm : ModuleNames.OutputLayerNorm(i - 1);
            if (layer == ModuleNames.AttentionOutput(i)) return ModuleNames.Context(i);
            if (layer == ModuleNames.Intermediate(i)) return ModuleNames.AttentionLayerNorm(i);
            if (layer == ModuleNames.Output(i)) return ModuleNames.Intermediate(i);
        }

        return null;
    }
}

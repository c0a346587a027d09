using QatKit.Core.Graph;

namespace QatKit.Core.Artifact;

/// <summary>Names of the tensors of one module in <c>model.safetensors</c>.</summary>
public static class TensorNames
{
    /// <summary>Codes or float values.</summary>
    public static string Weight(string module) => module + ".weight";

    /// <summary>Scale of each output channel (or embedding row), [out, 1].</summary>
    public static string WeightScale(string module) => module + ".weight_scale";

    /// <summary>Scale of the input, [1].</summary>
    public static string InputScale(string module) => module + ".input_scale";

    /// <summary>float32 reciprocal of the input's scale, [1].</summary>
    public static string InputScaleInverse(string module) => module + ".input_scale_inverse";

    /// <summary>Scale of the output of a query, key or value projection, [1].</summary>
    public static string OutputScale(string module) => module + ".output_scale";

    /// <summary>Bias, [out].</summary>
    public static string Bias(string module) => module + ".bias";

    /// <summary>Mask bits of a pruned layer, [out, in / 8].</summary>
    public static string WeightMask(string module) => module + ".weight_mask";

    /// <summary>The linear layers of a model in the order in which they run.</summary>
    public static IEnumerable<string> Linears(int layers)
    {
        for (var i = 0; i < layers; i++)
        {
            yield return ModuleNames.Query(i);
            yield return ModuleNames.Key(i);
            yield return ModuleNames.Value(i);
            yield return ModuleNames.AttentionOutput(i);
            yield return ModuleNames.Intermediate(i);
            yield return ModuleNames.Output(i);
        }

        yield return ModuleNames.Pooler;
        yield return ModuleNames.Classifier;
    }

    /// <summary>The LayerNorms of a model in the order in which they run.</summary>
    public static IEnumerable<string> LayerNorms(int layers)
    {
        yield return ModuleNames.EmbeddingLayerNorm;
        for (var i = 0; i < layers; i++)
        {
            yield return ModuleNames.AttentionLayerNorm(i);
            yield return ModuleNames.OutputLayerNorm(i);
        }
    }

    /// <summary>The three embedding tables.</summary>
    public static IReadOnlyList<string> Embeddings { get; } =
        [ModuleNames.WordEmbeddings, ModuleNames.PositionEmbeddings, ModuleNames.TokenTypeEmbeddings];
}

using System.Collections.Concurrent;
using QatKit.Core.Artifact;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>A model in the layout of one kernel set. Immutable, shared by concurrent calls.</summary>
internal sealed class CpuModel
{
    private CpuModel(QuantizedGraph graph, Func<QuantizedLinear, PackedLinear> packed)
    {
        var a = graph.Architecture;
        PackedLayerNorm Norm(QuantizedLayerNorm norm) => new(norm, a.Hidden, a.LayerNormEpsilon);
        Architecture = a;
        WordEmbeddings = new PackedEmbedding(graph.WordEmbeddings);
        PositionEmbeddings = new PackedEmbedding(graph.PositionEmbeddings);
        TokenTypeEmbeddings = new PackedEmbedding(graph.TokenTypeEmbeddings);
        EmbeddingLayerNorm = Norm(graph.EmbeddingLayerNorm);
        Layers = [.. graph.Layers.Select(l => new CpuLayer(
            packed(l.Query), packed(l.Key), packed(l.Value), l.QueryOutput, l.KeyOutput, l.ValueOutput,
            packed(l.AttentionOutput), Norm(l.AttentionLayerNorm), packed(l.Intermediate), packed(l.Output), Norm(l.OutputLayerNorm)))];
        Pooler = packed(graph.Pooler);
        Classifier = packed(graph.Classifier);
    }

    public BertArchitecture Architecture { get; }

    public PackedEmbedding WordEmbeddings { get; }

    public PackedEmbedding PositionEmbeddings { get; }

    public PackedEmbedding TokenTypeEmbeddings { get; }

    public PackedLayerNorm EmbeddingLayerNorm { get; }

    public IReadOnlyList<CpuLayer> Layers { get; }

    public PackedLinear Pooler { get; }

    public PackedLinear Classifier { get; }

    public IEnumerable<PackedLinear> Linears => Layers
        .SelectMany(l => new[] { l.Query, l.Key, l.Value, l.AttentionOutput, l.Intermediate, l.Output })
        .Append(Pooler).Append(Classifier);

    /// <summary>What a pass records.</summary>
    public IEnumerable<string> TraceNames => Layers
        .SelectMany((l, i) => new[] { l.Query.Name, l.Key.Name, l.Value.Name, ModuleNames.Context(i), l.AttentionLayerNorm.Name, l.Intermediate.Name, l.OutputLayerNorm.Name })
        .Prepend(EmbeddingLayerNorm.Name).Append(Pooler.Name).Append(ModuleNames.Logits);

    /// <summary>Packs a graph.</summary>
    /// <param name="graph">A valid graph.</param>
    /// <param name="settings">Layout and threads.</param>
    public static CpuModel Of(QuantizedGraph graph, CpuSettings settings)
    {
        var packed = new ConcurrentDictionary<QuantizedLinear, PackedLinear>();
        Parallel.ForEach(graph.Linears, new ParallelOptions { MaxDegreeOfParallelism = settings.Threads }, l => packed[l] = settings.Pack(l));
        return new CpuModel(graph, l => packed[l]);
    }

    /// <summary>Packs a model layer by layer while it is read, so that its weights are never in memory twice.</summary>
    /// <param name="artifact">The model.</param>
    /// <param name="settings">Layout and threads.</param>
    /// <exception cref="Core.Diagnostics.QatKitException">See <see cref="ArtifactReader.Read(string)"/>.</exception>
    public static CpuModel Read(OpenArtifact artifact, CpuSettings settings)
    {
        var packed = new ConcurrentDictionary<string, PackedLinear>();
        var graph = artifact.Reader.Read(settings.Threads, l => packed[l.Name] = settings.Pack(l));
        return new CpuModel(graph, l => packed[l.Name]);
    }

    /// <summary>True for a layer that can run on a 2:4 kernel.</summary>
    public static bool HasSparseKernel(QuantizedLinear layer) => layer.Mask is not null && layer.Width == CodeWidth.Int8;

    /// <inheritdoc cref="HasSparseKernel(QuantizedLinear)"/>
    public static bool HasSparseKernel(LayerPlacement layer) => layer.Sparsity is not null && layer.Width == CodeWidth.Int8;
}

/// <summary>One encoder layer of a <see cref="CpuModel"/>.</summary>
internal sealed record CpuLayer(
    PackedLinear Query, PackedLinear Key, PackedLinear Value,
    QuantizationParameters QueryOutput, QuantizationParameters KeyOutput, QuantizationParameters ValueOutput,
    PackedLinear AttentionOutput, PackedLayerNorm AttentionLayerNorm,
    PackedLinear Intermediate, PackedLinear Output, PackedLayerNorm OutputLayerNorm);

using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>A model in the layout of one kernel set. Immutable, shared by concurrent calls.</summary>
internal sealed class CpuModel
{
    public CpuModel(QuantizedGraph graph, CpuKernels kernels, WeightFormat format)
    {
        PackedLinear Pack(QuantizedLinear layer) =>
            kernels.Pack(layer, sparse: format != WeightFormat.Dense && HasSparseKernel(layer));
        var a = graph.Architecture;
        PackedLayerNorm Norm(QuantizedLayerNorm norm) => new(norm, a.Hidden, a.LayerNormEpsilon);
        Architecture = a;
        WordEmbeddings = new PackedEmbedding(graph.WordEmbeddings);
        PositionEmbeddings = new PackedEmbedding(graph.PositionEmbeddings);
        TokenTypeEmbeddings = new PackedEmbedding(graph.TokenTypeEmbeddings);
        EmbeddingLayerNorm = Norm(graph.EmbeddingLayerNorm);
        Layers = [.. graph.Layers.Select(l => new CpuLayer(
            Pack(l.Query), Pack(l.Key), Pack(l.Value), l.QueryOutput, l.KeyOutput, l.ValueOutput,
            Pack(l.AttentionOutput), Norm(l.AttentionLayerNorm), Pack(l.Intermediate), Pack(l.Output), Norm(l.OutputLayerNorm)))];
        Pooler = Pack(graph.Pooler);
        Classifier = Pack(graph.Classifier);
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

    /// <summary>True for a layer that can run on a 2:4 kernel.</summary>
    public static bool HasSparseKernel(QuantizedLinear layer) => layer.Mask is not null && layer.Width == CodeWidth.Int8;
}

/// <summary>One encoder layer of a <see cref="CpuModel"/>.</summary>
internal sealed record CpuLayer(
    PackedLinear Query, PackedLinear Key, PackedLinear Value,
    QuantizationParameters QueryOutput, QuantizationParameters KeyOutput, QuantizationParameters ValueOutput,
    PackedLinear AttentionOutput, PackedLayerNorm AttentionLayerNorm,
    PackedLinear Intermediate, PackedLinear Output, PackedLayerNorm OutputLayerNorm);

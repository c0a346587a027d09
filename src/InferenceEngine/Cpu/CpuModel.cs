using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>A model in the layout of one kernel set. Immutable, shared by concurrent calls.</summary>
internal sealed class CpuModel
{
    /// <param name="graph">A valid graph.</param>
    /// <param name="kernels">Whose layout to use.</param>
    /// <param name="format">Packing of weights.</param>
    /// <param name="threads">Threads that pack.</param>
    public CpuModel(QuantizedGraph graph, CpuKernels kernels, WeightFormat format, int threads)
    {
        var a = graph.Architecture;
        PackedLayerNorm Norm(QuantizedLayerNorm norm) => new(norm, a.Hidden, a.LayerNormEpsilon);
        var packed = PackAll([.. graph.Linears], kernels, format, threads);
        Architecture = a;
        WordEmbeddings = new PackedEmbedding(graph.WordEmbeddings);
        PositionEmbeddings = new PackedEmbedding(graph.PositionEmbeddings);
        TokenTypeEmbeddings = new PackedEmbedding(graph.TokenTypeEmbeddings);
        EmbeddingLayerNorm = Norm(graph.EmbeddingLayerNorm);
        Layers = [.. graph.Layers.Select(l => new CpuLayer(
            packed[l.Query], packed[l.Key], packed[l.Value], l.QueryOutput, l.KeyOutput, l.ValueOutput,
            packed[l.AttentionOutput], Norm(l.AttentionLayerNorm), packed[l.Intermediate], packed[l.Output], Norm(l.OutputLayerNorm)))];
        Pooler = packed[graph.Pooler];
        Classifier = packed[graph.Classifier];
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

    private static Dictionary<QuantizedLinear, PackedLinear> PackAll(QuantizedLinear[] layers, CpuKernels kernels, WeightFormat format, int threads)
    {
        var packed = new PackedLinear[layers.Length];
        Parallel.For(0, layers.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, i =>
            packed[i] = kernels.Pack(layers[i], sparse: format != WeightFormat.Dense && HasSparseKernel(layers[i])));
        return layers.Zip(packed).ToDictionary(pair => pair.First, pair => pair.Second);
    }
}

/// <summary>One encoder layer of a <see cref="CpuModel"/>.</summary>
internal sealed record CpuLayer(
    PackedLinear Query, PackedLinear Key, PackedLinear Value,
    QuantizationParameters QueryOutput, QuantizationParameters KeyOutput, QuantizationParameters ValueOutput,
    PackedLinear AttentionOutput, PackedLayerNorm AttentionLayerNorm,
    PackedLinear Intermediate, PackedLinear Output, PackedLayerNorm OutputLayerNorm);

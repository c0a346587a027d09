using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Cuda.Packing;
using QatKit.Sparsity;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>A model's weights on the device, packed for the kernels.</summary>
internal sealed class CudaModel
{
    private readonly DeviceHeap _heap;
    private readonly WeightFormat _format;
    private readonly List<DeviceLinear> _linears = [];

    /// <summary>Packs and copies the weights.</summary>
    /// <param name="graph">A valid graph that <see cref="CudaSupport"/> accepts.</param>
    /// <param name="heap">Receives the weights.</param>
    /// <param name="format">Packing of masked int8 layers.</param>
    public CudaModel(QuantizedGraph graph, DeviceHeap heap, WeightFormat format)
    {
        _heap = heap;
        _format = format;
        var a = Architecture = graph.Architecture;
        Word = Table(graph.WordEmbeddings);
        Position = Table(graph.PositionEmbeddings);
        Type = Table(graph.TokenTypeEmbeddings);
        EmbeddingLayerNorm = Norm(graph.EmbeddingLayerNorm, CudaSupport.Projections(graph.Layers[0]));
        Layers = [.. graph.Layers.Select((layer, i) => new DeviceEncoderLayer(
            Project(layer), layer.Query.Width, layer.WithoutWeights(),
            Linear([layer.AttentionOutput], new(GemmActivation.None, true, OutputType.Float32), null),
            Norm(layer.AttentionLayerNorm, layer.Intermediate),
            Linear([layer.Intermediate], new(GemmActivation.Gelu, false, CodesOf(layer.Output)), [layer.Output.Input.InverseScale]),
            Linear([layer.Output], new(GemmActivation.None, true, OutputType.Float32), null),
            i + 1 < graph.Layers.Count ? Norm(layer.OutputLayerNorm, CudaSupport.Projections(graph.Layers[i + 1])) : Norm(layer.OutputLayerNorm, graph.Pooler)))];
        Pooler = Linear([graph.Pooler], new(GemmActivation.Tanh, false, OutputType.Int16), [graph.Classifier.Input.InverseScale]);
        Classifier = Linear([graph.Classifier], new(GemmActivation.None, false, OutputType.Float32), null);
        NeedsInt16 = graph.Linears.SkipLast(2).Any(l => l.Width == CodeWidth.Int16) || graph.Pooler.Width == CodeWidth.Int16;
        HiddenPitch = Pitch(a.Hidden);
        IntermediatePitch = Pitch(a.Intermediate);
        ClassesPitch = Pitch(a.Classes);
    }

    public BertArchitecture Architecture { get; }

    public DeviceTable Word { get; }

    public DeviceTable Position { get; }

    public DeviceTable Type { get; }

    public DeviceLayerNorm EmbeddingLayerNorm { get; }

    public IReadOnlyList<DeviceEncoderLayer> Layers { get; }

    public DeviceLinear Pooler { get; }

    public DeviceLinear Classifier { get; }

    /// <summary>True when a layer before the classifier reads int16 codes.</summary>
    public bool NeedsInt16 { get; }

    /// <summary>Elements from one row of hidden states, codes or one projection's codes to the next.</summary>
    public int HiddenPitch { get; }

    /// <summary>Likewise for the FFN.</summary>
    public int IntermediatePitch { get; }

    /// <summary>Likewise for the logits.</summary>
    public int ClassesPitch { get; }

    /// <summary>Every product, in the order of packing.</summary>
    public IReadOnlyList<DeviceLinear> Linears => _linears;

    /// <summary>The codes that a layer reads.</summary>
    public static OutputType CodesOf(QuantizedLinear consumer) => consumer.Width == CodeWidth.Int8 ? OutputType.Int8 : OutputType.Int16;

    // The kernels want 16-byte rows of int8 codes.
    private static int Pitch(int columns) => (columns + 15) / 16 * 16;

    private bool IsSparse(QuantizedLinear layer) => _format != WeightFormat.Dense && Cpu.CpuModel.HasSparseKernel(layer);

    // Query, key and value as one product where they are alike, else one by one into the same buffer.
    private List<DeviceProjection> Project(QuantizedEncoderLayer layer)
    {
        var all = CudaSupport.Projections(layer);
        float[] inverse = [layer.QueryOutput.InverseScale, layer.KeyOutput.InverseScale, layer.ValueOutput.InverseScale];
        var epilogue = new GemmEpilogue(GemmActivation.None, false, OutputType.Int8);
        var alike = all.All(l => l.Width == CodeWidth.Int8 && IsSparse(l) == IsSparse(all[0]));
        return alike && all[0].Out == Pitch(all[0].Out)
            ? [new(Linear(all, epilogue, inverse), 0)]
            : [.. all.Select((l, i) => new DeviceProjection(Linear([l], epilogue, [inverse[i]]), i))];
    }

    private DeviceLinear Linear(QuantizedLinear[] parts, GemmEpilogue epilogue, float[]? inverse)
    {
        var first = parts[0];
        var outputs = parts.Sum(p => p.Out);
        var sparse = IsSparse(first);
        var weight = first.Int16Weight is not null ? _heap.Add<short>(first.Int16Weight)
            : sparse ? _heap.Add<byte>(SparseWeightPacker.Pack(Sparse24Matrix.Pack(Concatenate(parts, p => p.Int8Weight!), outputs, first.In, first.Name)))
            : _heap.Add<byte>(DenseWeightPacker.Pack(Concatenate(parts, p => p.Int8Weight!), outputs, first.In));
        var bias = Features(Concatenate(parts, p => p.Bias));
        var perFeature = inverse is null ? bias : Features([.. parts.SelectMany((p, i) => Enumerable.Repeat(inverse[i], p.Out))]);
        var linear = new DeviceLinear(first.Name, first.Width, sparse, outputs, first.In, epilogue,
            weight, Features(Concatenate(parts, p => p.Multipliers())), bias, perFeature);
        _linears.Add(linear);
        return linear;
    }

    private DeviceRange Features(float[] values) => _heap.Add<float>(WeightLayout.PadFeatures(values));

    private static T[] Concatenate<T>(QuantizedLinear[] parts, Func<QuantizedLinear, T[]> part) =>
        parts.Length == 1 ? part(parts[0]) : [.. parts.SelectMany(part)];

    private DeviceLayerNorm Norm(QuantizedLayerNorm norm, params ReadOnlySpan<QuantizedLinear> consumers)
    {
        var (int8, int16) = CudaSupport.Quantizers(consumers);
        var a = Architecture;
        return new DeviceLayerNorm(norm.Name, _heap.Add<float>(norm.Gamma), _heap.Add<float>(norm.Beta), IntegerLayerNorm.GridScale(norm.Exponent),
            IntegerLayerNorm.EpsilonTerm(a.LayerNormEpsilon, a.Hidden, norm.Exponent), int8?.InverseScale ?? 0, int16?.InverseScale ?? 0);
    }

    private DeviceTable Table(EmbeddingTable table) => table.Values is not null
        ? new DeviceTable(_heap.Add<float>(table.Values), null, null)
        : new DeviceTable(null, _heap.Add<sbyte>(table.Codes), _heap.Add<float>(table.RowScale));
}

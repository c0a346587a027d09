using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.Core.Tensors;

namespace QatKit.Core.Artifact;

/// <summary>Builds a graph from tensors whose names, types and shapes are known to be right.</summary>
internal sealed class GraphReader(string path, SafetensorsFile file, BertArchitecture architecture, ArtifactManifest manifest)
{
    private readonly DiagnosticBag _problems = new();

    /// <exception cref="QatKitException">Every problem: QK2001 scale, QK4024 inverse, QK4025 mask hash; then those of
    /// <see cref="QuantizedGraphValidator"/>.</exception>
    public QuantizedGraph Read()
    {
        var a = architecture;
        var graph = new QuantizedGraph
        {
            Architecture = a,
            WordEmbeddings = Table(ModuleNames.WordEmbeddings, a.VocabSize),
            PositionEmbeddings = Table(ModuleNames.PositionEmbeddings, a.MaxPositions),
            TokenTypeEmbeddings = Table(ModuleNames.TokenTypeEmbeddings, a.TypeVocabSize),
            EmbeddingLayerNorm = Norm(ModuleNames.EmbeddingLayerNorm),
            Layers = [.. Enumerable.Range(0, a.Layers).Select(Layer)],
            Pooler = Linear(ModuleNames.Pooler, a.Hidden, a.Hidden),
            Classifier = Linear(ModuleNames.Classifier, a.Classes, a.Hidden),
        };
        _problems.ThrowIfAny();
        QuantizedGraphValidator.Check(graph);
        return graph;
    }

    private QuantizedEncoderLayer Layer(int i)
    {
        int h = architecture.Hidden, f = architecture.Intermediate;
        return new QuantizedEncoderLayer
        {
            Query = Linear(ModuleNames.Query(i), h, h),
            Key = Linear(ModuleNames.Key(i), h, h),
            Value = Linear(ModuleNames.Value(i), h, h),
            QueryOutput = Quantizer(TensorNames.OutputScale(ModuleNames.Query(i))).GetValueOrDefault(),
            KeyOutput = Quantizer(TensorNames.OutputScale(ModuleNames.Key(i))).GetValueOrDefault(),
            ValueOutput = Quantizer(TensorNames.OutputScale(ModuleNames.Value(i))).GetValueOrDefault(),
            AttentionOutput = Linear(ModuleNames.AttentionOutput(i), h, h),
            AttentionLayerNorm = Norm(ModuleNames.AttentionLayerNorm(i)),
            Intermediate = Linear(ModuleNames.Intermediate(i), f, h),
            Output = Linear(ModuleNames.Output(i), h, f),
            OutputLayerNorm = Norm(ModuleNames.OutputLayerNorm(i)),
        };
    }

    private EmbeddingTable Table(string name, int rows)
    {
        var int8 = manifest.Embeddings[name] == EmbeddingStorage.Int8;
        return new EmbeddingTable
        {
            Name = name,
            Rows = rows,
            Columns = architecture.Hidden,
            Values = int8 ? null : file.ReadFloat32(TensorNames.Weight(name)),
            Codes = int8 ? file.ReadInt8(TensorNames.Weight(name)) : null,
            RowScale = int8 ? file.ReadFloat32(TensorNames.WeightScale(name)) : null,
        };
    }

    private QuantizedLayerNorm Norm(string name) => new(
        name,
        file.ReadFloat32(TensorNames.Weight(name)),
        file.ReadFloat32(TensorNames.Bias(name)),
        manifest.LayerNormExponents[name]);

    private QuantizedLinear Linear(string name, int outputs, int inputs)
    {
        var int8 = manifest.Layers[name].Width == CodeWidth.Int8;
        var input = Quantizer(TensorNames.InputScale(name));
        if (input is { } valid) CheckInverse(TensorNames.InputScaleInverse(name), valid);
        return new QuantizedLinear
        {
            Name = name,
            Out = outputs,
            In = inputs,
            Int8Weight = int8 ? file.ReadInt8(TensorNames.Weight(name)) : null,
            Int16Weight = int8 ? null : file.ReadInt16(TensorNames.Weight(name)),
            WeightScale = file.ReadFloat32(TensorNames.WeightScale(name)),
            Input = input.GetValueOrDefault(),
            Bias = file.ReadFloat32(TensorNames.Bias(name)),
            Mask = Mask(name, outputs, inputs),
        };
    }

    private WeightMask? Mask(string name, int outputs, int inputs)
    {
        if (manifest.Layers[name] is not { Sparsity: { } pattern, MaskSha256: var expected }) return null;
        var mask = new WeightMask(pattern, outputs, inputs, file.ReadUInt8(TensorNames.WeightMask(name)));
        var actual = mask.Sha256();
        if (actual != expected)
            _problems.Add("QK4025", path, $"tensor '{TensorNames.WeightMask(name)}' has the SHA-256 sum {actual}, {ArtifactFiles.Manifest} says {expected}. The mask is not the one that was trained: export the model again.");
        return mask;
    }

    // Null, after a report, when the scale is not valid: the graph is then never used.
    private QuantizationParameters? Quantizer(string tensor)
    {
        var scale = file.ReadFloat32(tensor)[0];
        return QuantizedGraphValidator.Scale(tensor, scale, _problems) ? new QuantizationParameters(scale) : null;
    }

    private void CheckInverse(string tensor, QuantizationParameters input)
    {
        var inverse = file.ReadFloat32(tensor)[0];
        if (BitConverter.SingleToInt32Bits(inverse) != BitConverter.SingleToInt32Bits(input.InverseScale))
            _problems.Add("QK4024", path, $"tensor '{tensor}' is {inverse:R}; the float32 reciprocal of the scale {input.Scale:R} is {input.InverseScale:R}. Export the model again.");
    }
}

using QatKit.Core.Diagnostics;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.Core.Tensors;

namespace QatKit.Core.Artifact;

/// <summary>Reads linear layers whose tensors' names, types and shapes are known to be right. Thread-safe.</summary>
internal sealed class LinearReader(string path, SafetensorsFile file, ArtifactManifest manifest)
{
    /// <summary>Reads a layer and checks its weights.</summary>
    /// <param name="name">Module path.</param>
    /// <param name="memory">Where the weights and the mask go; new arrays when null.</param>
    public ReadLinear Read(string name, ReusedArrays? memory)
    {
        DiagnosticBag problems = new(), weightProblems = new();
        var int8 = manifest.Layers[name].Width == CodeWidth.Int8;
        var shape = file.Info(TensorNames.Weight(name)).Shape;
        int outputs = (int)shape[0], inputs = (int)shape[1];
        var input = Quantizer(TensorNames.InputScale(name), problems);
        if (input is { } valid) CheckInverse(TensorNames.InputScaleInverse(name), valid, problems);
        var layer = new QuantizedLinear
        {
            Name = name,
            Out = outputs,
            In = inputs,
            Int8Weight = int8 ? file.ReadInt8(TensorNames.Weight(name), memory) : null,
            Int16Weight = int8 ? null : file.ReadInt16(TensorNames.Weight(name), memory),
            WeightScale = file.ReadFloat32(TensorNames.WeightScale(name)),
            Input = input.GetValueOrDefault(),
            Bias = file.ReadFloat32(TensorNames.Bias(name)),
            Mask = Mask(name, outputs, inputs, memory, problems),
        };
        QuantizedGraphValidator.Weights(layer, weightProblems);
        return new ReadLinear(layer, problems, weightProblems);
    }

    /// <summary>A quantizer; null, after a report, when the scale is not valid: the graph is then never used.</summary>
    public QuantizationParameters? Quantizer(string tensor, DiagnosticBag problems)
    {
        var scale = file.ReadFloat32(tensor)[0];
        return QuantizedGraphValidator.Scale(tensor, scale, problems) ? new QuantizationParameters(scale) : null;
    }

    private WeightMask? Mask(string name, int outputs, int inputs, ReusedArrays? memory, DiagnosticBag problems)
    {
        if (manifest.Layers[name] is not { Sparsity: { } pattern, MaskSha256: var expected }) return null;
        var mask = new WeightMask(pattern, outputs, inputs, file.ReadUInt8(TensorNames.WeightMask(name), memory));
        var actual = mask.Sha256();
        if (actual != expected)
            problems.Add("QK4025", path, $"tensor '{TensorNames.WeightMask(name)}' has the SHA-256 sum {actual}, {ArtifactFiles.Manifest} says {expected}. The mask is not the one that was trained: export the model again.");
        return mask;
    }

    private void CheckInverse(string tensor, QuantizationParameters input, DiagnosticBag problems)
    {
        var inverse = file.ReadFloat32(tensor)[0];
        if (BitConverter.SingleToInt32Bits(inverse) != BitConverter.SingleToInt32Bits(input.InverseScale))
            problems.Add("QK4024", path, $"tensor '{tensor}' is {inverse:R}; the float32 reciprocal of the scale {input.Scale:R} is {input.InverseScale:R}. Export the model again.");
    }
}

/// <summary>A linear layer that was read.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Problems">QK2001, QK4024, QK4025: what a reader finds.</param>
/// <param name="WeightProblems">What <see cref="QuantizedGraphValidator.Weights"/> finds.</param>
internal sealed record ReadLinear(QuantizedLinear Layer, DiagnosticBag Problems, DiagnosticBag WeightProblems);

using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.Quantization.Functions;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace QatKit.Quantization.Modules;

/// <summary>A linear layer whose input and weights are quantized: [T, K] to [T, N] in float.</summary>
/// <remarks>Keeps the parameters (the very objects) and the names of the layer that it replaces.</remarks>
public sealed class FakeQuantLinear : nn.Module<Tensor, Tensor>
{
    private readonly QuantizationControl _control;

    internal FakeQuantLinear(string path, Linear source, CodeWidth width, FakeQuantizer input, QuantizationControl control)
        : base(nameof(FakeQuantLinear))
    {
        Path = path;
        Width = width;
        Input = input;
        _control = control;
        register_parameter("weight", source.weight);
        register_parameter("bias", source.bias ?? throw new ArgumentException($"'{path}' has no bias.", nameof(source)));
    }

    /// <summary>Module path.</summary>
    public string Path { get; }

    /// <summary>Width of input and weight codes.</summary>
    public CodeWidth Width { get; }

    /// <summary>Quantizer of the input.</summary>
    public FakeQuantizer Input { get; }

    /// <summary>Weight [N, K].</summary>
    public Parameter Weight => get_parameter("weight")!;

    /// <summary>Bias [N].</summary>
    public Parameter Bias => get_parameter("bias")!;

    /// <summary>Name under which the input codes are traced, if they are.</summary>
    internal string? InputTraceName { get; init; }

    /// <summary>Name under which the output is traced, if it is.</summary>
    internal string? OutputTraceName { get; init; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        if (_control.Phase != QuantizationPhase.FakeQuant)
        {
            if (_control.Phase == QuantizationPhase.Calibrate) Input.Range.Collect(input, training);
            return Float(input);
        }

        var (codes, parameters, absMax) = Input.Quantize(input, Width);
        Input.Range.Follow(input, absMax, training);
        return FromCodes(codes, parameters);
    }

    /// <summary>Path, shape, width and input range.</summary>
    public override string ToString() => $"FakeQuantLinear({Path}, [{Weight.shape[0]}, {Weight.shape[1]}], {Width}, {Input.Range})";

    /// <summary>The layer in float.</summary>
    internal Tensor Float(Tensor input) => nn.functional.linear(input, Weight, Bias);

    /// <summary>The layer over codes of its input quantizer.</summary>
    internal Tensor FromCodes(Tensor codes, QuantizationParameters input)
    {
        if (InputTraceName is not null) _control.Trace?.Codes(InputTraceName, codes, Width);
        var y = CodeLinearFunction.Apply(codes, Weight, Bias, new CodeLinearFunction.Call(input.Scale, FakeQuantizer.MaxCode(Width)));
        if (OutputTraceName is not null) _control.Trace?.Values(OutputTraceName, y);
        return y;
    }
}

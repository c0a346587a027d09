using QatKit.Core.Numerics;
using QatKit.Quantization.Functions;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace QatKit.Quantization.Modules;

/// <summary>LayerNorm with integer statistics, [T, H] to [T, H] in float.</summary>
public sealed class FakeQuantLayerNorm : nn.Module<Tensor, Tensor>
{
    private readonly QuantizationControl _control;

    internal FakeQuantLayerNorm(string path, LayerNorm source, double epsilon, ActivationRange range, QuantizationControl control)
        : base(nameof(FakeQuantLayerNorm))
    {
        Path = path;
        Range = range;
        Epsilon = epsilon;
        _control = control;
        register_parameter("weight", source.weight ?? throw new ArgumentException($"'{path}' has no weight.", nameof(source)));
        register_parameter("bias", source.bias ?? throw new ArgumentException($"'{path}' has no bias.", nameof(source)));
    }

    /// <summary>Module path.</summary>
    public string Path { get; }

    /// <summary>Range of the input, from which the grid's exponent follows.</summary>
    public ActivationRange Range { get; }

    /// <summary>eps.</summary>
    public double Epsilon { get; }

    /// <summary>k: the grid's step is 2^-k, so that four times the range fits.</summary>
    public int Exponent => IntegerLayerNorm.ExponentFor(Range.Amax);

    /// <summary>gamma [H].</summary>
    public Parameter Gamma => get_parameter("weight")!;

    /// <summary>beta [H].</summary>
    public Parameter Beta => get_parameter("bias")!;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        if (_control.Phase != QuantizationPhase.FakeQuant)
        {
            if (_control.Phase == QuantizationPhase.Calibrate) Range.Collect(input, training);
            return nn.functional.layer_norm(input, [input.shape[^1]], Gamma, Beta, Epsilon);
        }

        var call = new LayerNormFunction.Call { Exponent = Exponent, Epsilon = Epsilon };
        var output = LayerNormFunction.Apply(input, Gamma, Beta, call);
        Range.Follow(input, call.SeenAmax, training);
        _control.Trace?.Values(Path, output);
        return output;
    }

    /// <summary>Path and range.</summary>
    public override string ToString() => $"FakeQuantLayerNorm({Path}, [{Gamma.shape[0]}], {Range})";
}

using QatKit.Core.Graph;
using QatKit.Core.Numerics;
using QatKit.Quantization.Functions;
using static TorchSharp.torch;

namespace QatKit.Quantization.Modules;

/// <summary>Quantizes one activation with a per-tensor scale.</summary>
/// <remarks>One tensor, one quantizer: layers that read the same tensor share it. The scale is amax over the largest code of
/// the width in use, so one range serves int8 and int16 readers.</remarks>
public sealed class FakeQuantizer
{
    internal FakeQuantizer(ActivationRange range) => Range = range;

    /// <summary>The range.</summary>
    public ActivationRange Range { get; }

    /// <summary>Scale for codes of a width.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not calibrated.</exception>
    public QuantizationParameters Parameters(CodeWidth width) => new(Range.Amax / MaxCode(width));

    /// <summary>The range.</summary>
    public override string ToString() => $"FakeQuantizer({Range})";

    internal static int MaxCode(CodeWidth width) => width == CodeWidth.Int8 ? NumericsContract.Int8Max : NumericsContract.Int16Max;

    /// <summary>Codes of x as float32 integers, with the straight-through gradient, and the largest |x|.</summary>
    internal (Tensor Codes, QuantizationParameters Parameters, float AbsMax) Quantize(Tensor x, CodeWidth width)
    {
        var parameters = Parameters(width);
        var call = new QuantizeFunction.Call { Amax = Range.Amax, InverseScale = parameters.InverseScale, MaxCode = MaxCode(width) };
        var codes = QuantizeFunction.Apply(x, call);
        return (codes, parameters, call.SeenAmax);
    }
}

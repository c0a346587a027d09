using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Codes of floats: <c>clamp(rint(x · inv), ±max)</c>.</summary>
internal static unsafe partial class Quantize
{
    public static void Scalar(float* source, int count, Codes destination)
    {
        for (var i = 0; i < count; i++) Scalar(source[i], destination, i);
    }

    /// <summary>The code at element <paramref name="index"/>.</summary>
    public static void Scalar(float x, Codes destination, nint index)
    {
        var inverseScale = destination.Quantizer.InverseScale;
        if (destination.Width == CodeWidth.Int8) destination.Int8[index] = (sbyte)(AffineQuantizer.Quantize(x, inverseScale) + destination.Offset);
        else destination.Int16[index] = AffineQuantizer.QuantizeInt16(x, inverseScale);
    }
}

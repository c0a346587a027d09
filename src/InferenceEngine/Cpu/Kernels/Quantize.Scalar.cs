using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Codes of floats: <c>clamp(rint(x · inv), ±max)</c>.</summary>
internal static unsafe partial class Quantize
{
    public static void Scalar(float* source, int count, float inverseScale, sbyte* destination) =>
        AffineQuantizer.Quantize(new ReadOnlySpan<float>(source, count), inverseScale, new Span<sbyte>(destination, count));

    public static void Scalar(float* source, int count, float inverseScale, short* destination) =>
        AffineQuantizer.QuantizeInt16(new ReadOnlySpan<float>(source, count), inverseScale, new Span<short>(destination, count));
}

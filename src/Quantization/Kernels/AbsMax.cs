using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace QatKit.Quantization.Kernels;

/// <summary>The largest magnitude of a span.</summary>
internal static class AbsMax
{
    /// <summary>Largest |x|; 0 when empty, NaN when any value is NaN.</summary>
    internal static float Of(ReadOnlySpan<float> values)
    {
        var lanes = Vector256<float>.Zero;
        ref var start = ref MemoryMarshal.GetReference(values);
        var i = 0;
        for (; i <= values.Length - 8; i += 8) lanes = Vector256.Max(lanes, Vector256.Abs(Vector256.LoadUnsafe(ref start, (nuint)i)));
        var max = Across(lanes);
        for (; i < values.Length; i++) max = MathF.Max(max, MathF.Abs(values[i]));
        return max;
    }

    /// <summary>Largest lane of non-negative lanes.</summary>
    internal static float Across(Vector256<float> lanes)
    {
        var max = 0f;
        for (var j = 0; j < 8; j++) max = MathF.Max(max, lanes[j]);
        return max;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Attention
{
    /// <summary>Codes of 16 columns of a row of the context: <c>quantize((float)acc · scale)</c>.</summary>
    /// <param name="context">Receives them.</param>
    /// <param name="index">Element of the first one.</param>
    /// <param name="acc">Sixteen sums.</param>
    /// <param name="scale">s_v / z.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreContextAvx512(Codes context, nint index, int* acc, float scale)
    {
        var y = Vector512.ConvertToSingle(Vector512.Load(acc)) * Vector512.Create(scale);
        var inverse = Vector512.Create(context.Quantizer.InverseScale);
        if (context.Width == CodeWidth.Int8) Quantize.ToInt8(y, inverse).Store(context.Int8 + index);
        else Quantize.ToInt16(y, inverse).Store(context.Int16 + index);
    }
}

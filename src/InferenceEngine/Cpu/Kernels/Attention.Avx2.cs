using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Attention
{
    /// <inheritdoc cref="StoreContextAvx512"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreContextAvx2(Codes context, nint index, int* acc, float scale)
    {
        var y0 = Avx.Multiply(Avx.ConvertToVector256Single(Avx.LoadVector256(acc)), Vector256.Create(scale));
        var y1 = Avx.Multiply(Avx.ConvertToVector256Single(Avx.LoadVector256(acc + 8)), Vector256.Create(scale));
        if (context.Width == CodeWidth.Int8) Quantize.ToInt8(y0, y1, context.Quantizer.InverseScale).Store(context.Int8 + index);
        else Quantize.ToInt16(y0, y1, context.Quantizer.InverseScale).Store(context.Int16 + index);
    }
}

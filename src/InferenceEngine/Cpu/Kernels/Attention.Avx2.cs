using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Attention
{
    /// <summary>See <see cref="IVectorOperations.StoreContext"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void StoreContextAvx2(Codes context, int* acc, nint stride, float* scales, int rows)
    {
        var inverse = context.Quantizer.InverseScale;
        var int8 = context.Width == CodeWidth.Int8;
        var offset = Vector128.Create((sbyte)context.Offset);
        nint index = 0;
        for (var r = 0; r < rows; r++, acc += stride, index += context.Layout.Width)
        {
            var scale = Vector256.Create(scales[r]);
            var y0 = Avx.Multiply(Avx.ConvertToVector256Single(Avx.LoadVector256(acc)), scale);
            var y1 = Avx.Multiply(Avx.ConvertToVector256Single(Avx.LoadVector256(acc + 8)), scale);
            if (int8) Sse2.Add(Quantize.ToInt8(y0, y1, inverse), offset).Store(context.Int8 + index);
            else Quantize.ToInt16(y0, y1, inverse).Store(context.Int16 + index);
        }
    }
}

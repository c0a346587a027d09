using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Attention
{
    /// <summary>See <see cref="IVectorOperations.StoreContext"/>.</summary>
    public static void StoreContextAvx512(Codes context, int* acc, nint stride, float* scales, int rows)
    {
        if (context.Width == CodeWidth.Int8) StoreRows(new Int8Store512(context), context.Layout.Width, acc, stride, scales, rows);
        else StoreRows(new Int16Store512(context), context.Layout.Width, acc, stride, scales, rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void StoreRows<TStore>(TStore codes, nint width, int* acc, nint stride, float* scales, int rows)
        where TStore : struct, IStore512<TStore>
    {
        nint index = 0;
        for (nint r = 0; r < rows; r++, acc += stride, index += width)
            codes.Store(index, Vector512.ConvertToSingle(Vector512.Load(acc)) * Vector512.Create(scales[r]));
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>AVX2 and FMA.</summary>
internal readonly unsafe struct Vectors256 : IVectorOperations
{
    public static void Finish(in LinearOutput output, int* sums, int rows, float* multipliers, float* bias, int row, int column, int columns)
    {
        Epilogue.DequantizeAvx2(sums, rows, multipliers, bias);
        Epilogue.Avx2(output, (float*)sums, rows, row, column, columns);
    }

    public static int Softmax(int* scores, int count, float scoreMultiplier, byte* codes) => Kernels.Softmax.Avx2(scores, count, scoreMultiplier, codes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreContext(Codes context, nint index, int* acc, float scale)
    {
        var y0 = Avx.Multiply(Avx.ConvertToVector256Single(Avx.LoadVector256(acc)), Vector256.Create(scale));
        var y1 = Avx.Multiply(Avx.ConvertToVector256Single(Avx.LoadVector256(acc + 8)), Vector256.Create(scale));
        if (context.Width == CodeWidth.Int8) Quantize.ToInt8(y0, y1, context.Quantizer.InverseScale).Store(context.Int8 + index);
        else Quantize.ToInt16(y0, y1, context.Quantizer.InverseScale).Store(context.Int16 + index);
    }
}

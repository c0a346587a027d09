using System.Runtime.CompilerServices;

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
    public static void StoreContext(Codes context, nint index, int* acc, float scale) => Attention.StoreContextAvx2(context, index, acc, scale);
}

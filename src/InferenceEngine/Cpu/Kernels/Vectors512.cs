using System.Runtime.CompilerServices;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>AVX-512 F, BW and DQ.</summary>
internal readonly unsafe struct Vectors512 : IVectorOperations
{
    public static void Finish(in LinearOutput output, int* sums, int rows, float* multipliers, float* bias, int row, int column, int columns) =>
        Epilogue.Avx512(output, sums, rows, multipliers, bias, row, column, columns);

    public static int Softmax(int* scores, int count, float scoreMultiplier, byte* codes) => Kernels.Softmax.Avx512(scores, count, scoreMultiplier, codes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreContext(Codes context, nint index, int* acc, float scale) => Attention.StoreContextAvx512(context, index, acc, scale);
}

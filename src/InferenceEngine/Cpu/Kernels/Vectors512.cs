namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>AVX-512 F, BW and DQ.</summary>
internal readonly unsafe struct Vectors512 : IVectorOperations
{
    public static void Finish(in LinearOutput output, int* sums, int rows, float* multipliers, float* bias, int row, int column, int columns) =>
        Epilogue.Avx512(output, sums, rows, multipliers, bias, row, column, columns);

    public static void Softmax(int* scores, nint stride, int rows, int count, float scoreMultiplier, byte* codes, nint codeStride, int* z) =>
        Kernels.Softmax.Avx512(scores, stride, rows, count, scoreMultiplier, codes, codeStride, z);

    public static void StoreContext(Codes context, int* acc, nint stride, float* scales, int rows) => Attention.StoreContextAvx512(context, acc, stride, scales, rows);
}

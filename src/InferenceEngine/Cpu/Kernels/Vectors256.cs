namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>AVX2 and FMA.</summary>
internal readonly unsafe struct Vectors256 : IVectorOperations
{
    // A few rows of all blocks, then the next rows: a cache line of the output is written in one go. When rows are a multiple of 4096 bytes
    // apart, their lines displace each other.
    public static void Finish(in LinearOutput output, int* sums, int rows, float* multipliers, float* bias, int row, int column, int columns)
    {
        const int AtOnce = 8;
        for (var r = 0; r < rows; r += AtOnce)
        {
            for (var n = 0; n < columns; n += PackedLinear.BlockColumns)
            {
                var tile = sums + (nint)n * rows + r * PackedLinear.BlockColumns;
                var tileRows = Math.Min(AtOnce, rows - r);
                Epilogue.DequantizeAvx2(tile, tileRows, multipliers + n, bias + n);
                Epilogue.Avx2(output, (float*)tile, tileRows, row + r, column + n, Math.Min(PackedLinear.BlockColumns, columns - n));
            }
        }
    }

    public static void Softmax(int* scores, nint stride, int rows, int count, float scoreMultiplier, byte* codes, nint codeStride, int* z)
    {
        for (var r = 0; r < rows; r++) z[r] = Kernels.Softmax.Avx2(scores + r * stride, count, scoreMultiplier, codes + r * codeStride);
    }

    public static void StoreContext(Codes context, int* acc, nint stride, float* scales, int rows) => Attention.StoreContextAvx2(context, acc, stride, scales, rows);
}

using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QatKit.Core.Numerics;
using Simd = System.Runtime.Intrinsics.X86.Avx2;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Int16Gemm
{
    public static void Avx2(PackedLinear weights, Codes x, in LinearOutput output, WorkRange range, WorkerScratch scratch)
    {
        float* multipliers = (float*)weights.Multipliers.Pointer, bias = (float*)weights.Bias.Pointer;
        var k = weights.In;
        var rows = (short*)x.Rows(range.RowBegin, range.RowEnd, k, scratch);
        var y = stackalloc float[PackedLinear.BlockColumns];
        for (var block = range.BlockBegin; block < range.BlockEnd; block++)
        {
            var column = block * PackedLinear.BlockColumns;
            var columns = Math.Min(PackedLinear.BlockColumns, weights.Out - column);
            for (var row = range.RowBegin; row < range.RowEnd; row++)
            {
                for (var n = 0; n < columns; n++)
                {
                    var acc = DotAvx2(rows + (nint)(row - range.RowBegin) * k, (short*)weights.Weights.Pointer + (nint)(column + n) * k, k);
                    y[n] = IntegerGemm.Epilogue(acc, multipliers[column + n], bias[column + n]);
                }

                Epilogue.Avx2(output, y, 1, row, column, columns);
            }
        }
    }

    // vpmaddwd: a pair is at most 2 · 32767² < 2^31, exact because −32768 never occurs. Its eight int32 results are
    // widened before they are added, so that sums of any length are exact.
    internal static long DotAvx2(short* x, short* w, int k)
    {
        var low = Vector256<long>.Zero;
        var high = Vector256<long>.Zero;
        var i = 0;
        for (; i + 16 <= k; i += 16)
        {
            var pairs = Simd.MultiplyAddAdjacent(Avx.LoadVector256(x + i), Avx.LoadVector256(w + i));
            low = Simd.Add(low, Simd.ConvertToVector256Int64(pairs.GetLower()));
            high = Simd.Add(high, Simd.ConvertToVector256Int64(pairs.GetUpper()));
        }

        return Vector256.Sum(Simd.Add(low, high)) + IntegerGemm.Dot(new ReadOnlySpan<short>(x + i, k - i), new ReadOnlySpan<short>(w + i, k - i));
    }
}

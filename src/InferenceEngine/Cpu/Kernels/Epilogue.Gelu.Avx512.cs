using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

// int8 codes of GELU: first those of nearly all rows, then, by the contract's polynomial, those of the few rows in which one of them may have come out wrong.
internal static unsafe partial class Epilogue
{
    private static void FinishGelu(in LinearOutput output, int* sums, int rows, float* multipliers, float* bias, int row, int column, int columns)
    {
        var doubtful = stackalloc int[rows];
        var n = 0;
        for (; n + LineColumns <= columns; n += LineColumns)
        {
            int* lineSums = sums + (nint)n * rows;
            nint next = (nint)rows * BlockColumns;
            float* m = multipliers + n, b = bias + n;
            var line = new LineLayout(output.Layout, row, column + n);
            var count = GeluLines(output, line, lineSums, rows, m, b, doubtful);
            for (var i = 0; i < count; i++)
            {
                nint r = doubtful[i];
                Lines<GeluEpilogue512<Int8Store512>>(output, line with { Index = line.Index + r * output.Layout.Width }, lineSums + r * BlockColumns, next, row + (int)r, rows: 1, m, b);
            }
        }

        Finish<GeluEpilogue512<Int8Store512>>(output, sums + (nint)n * rows, rows, multipliers + n, bias + n, row, column + n, columns - n);
    }

    // Returns how many rows are doubtful, and which.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int GeluLines(in LinearOutput output, LineLayout line, int* sums, int rows, float* m, float* bias, int* doubtful)
    {
        var gelu = new GeluCodes512(output.InverseScale, output.CodeOffset);
        nint stride = output.Layout.Width, next = (nint)rows * BlockColumns;
        var destination = (byte*)output.Destination + line.Index;
        Vector512<float> m0 = Vector512.Load(m), m1 = Vector512.Load(m + BlockColumns), m2 = Vector512.Load(m + 2 * BlockColumns), m3 = Vector512.Load(m + 3 * BlockColumns);
        Vector512<float> b0 = Vector512.Load(bias), b1 = Vector512.Load(bias + BlockColumns), b2 = Vector512.Load(bias + 2 * BlockColumns), b3 = Vector512.Load(bias + 3 * BlockColumns);
        var count = 0;
        for (var r = 0; r < rows; r++, sums += BlockColumns, destination += stride)
        {
            var y0 = gelu.Of(Dequantize(sums, m0, b0));
            var y1 = gelu.Of(Dequantize(sums + next, m1, b1));
            var y2 = gelu.Of(Dequantize(sums + 2 * next, m2, b2));
            var y3 = gelu.Of(Dequantize(sums + 3 * next, m3, b3));
            doubtful[count] = r;
            count += gelu.AreCertain(y0, y1, y2, y3) ? 0 : 1; // No branch, which would be mispredicted when it is taken.
            gelu.Round(y0).Store(destination);
            gelu.Round(y1).Store(destination + line.To1);
            gelu.Round(y2).Store(destination + line.To2);
            gelu.Round(y3).Store(destination + line.To3);
        }

        return count;
    }
}

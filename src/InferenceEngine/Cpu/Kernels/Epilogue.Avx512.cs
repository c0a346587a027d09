using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

// Four vectors at a time, so that GELU's polynomials run side by side: of a row of four blocks, which for int8 is a cache line of the output
// that is so written in one go, else of four rows of a block.
internal static unsafe partial class Epilogue
{
    private const int LineColumns = Int8Gemm.FinishBlocks * BlockColumns;

    /// <summary><c>y = fma((float)acc, m[n], bias[n])</c> and the epilogue in one pass.</summary>
    /// <param name="output">Destination and epilogue.</param>
    /// <param name="sums">[blocks, rows, 16].</param>
    /// <param name="rows">Rows.</param>
    /// <param name="multipliers">m, [blocks · 16].</param>
    /// <param name="bias">[blocks · 16].</param>
    /// <param name="row">Where the first row goes.</param>
    /// <param name="column">Where the first column goes.</param>
    /// <param name="columns">Columns to store; what is missing to whole blocks is left out.</param>
    public static void Avx512(in LinearOutput output, int* sums, int rows, float* multipliers, float* bias, int row, int column, int columns)
    {
        switch (output.Kind)
        {
            case EpilogueKind.Float: Finish<StoreEpilogue512<FloatStore512>>(output, sums, rows, multipliers, bias, row, column, columns); break;
            case EpilogueKind.AddResidual: Finish<ResidualEpilogue512>(output, sums, rows, multipliers, bias, row, column, columns); break;
            case EpilogueKind.QuantizeInt8: Finish<StoreEpilogue512<Int8Store512>>(output, sums, rows, multipliers, bias, row, column, columns); break;
            case EpilogueKind.GeluQuantizeInt8: FinishGelu(output, sums, rows, multipliers, bias, row, column, columns); break;
            case EpilogueKind.GeluQuantizeInt16: Finish<GeluEpilogue512<Int16Store512>>(output, sums, rows, multipliers, bias, row, column, columns); break;
            case EpilogueKind.TanhQuantizeInt16: Finish<StoreEpilogue512<TanhInt16Store512>>(output, sums, rows, multipliers, bias, row, column, columns); break;
            default: throw new ArgumentOutOfRangeException(nameof(output), output.Kind, "Unknown epilogue.");
        }
    }

    private static void Finish<TEpilogue>(in LinearOutput output, int* sums, int rows, float* multipliers, float* bias, int row, int column, int columns)
        where TEpilogue : struct, IEpilogue512<TEpilogue>
    {
        var n = 0;
        for (; n + LineColumns <= columns; n += LineColumns)
            Lines<TEpilogue>(output, new LineLayout(output.Layout, row, column + n), sums + (nint)n * rows, (nint)rows * BlockColumns, row, rows, multipliers + n, bias + n);
        for (; n + BlockColumns <= columns; n += BlockColumns) Block<TEpilogue>(output, sums + (nint)n * rows, rows, multipliers + n, bias + n, row, column + n);
        if (n < columns) Narrow(output, sums + (nint)n * rows, rows, multipliers + n, bias + n, row, column + n, columns - n);
    }

    // Rows of four blocks; `next` is from the sums of one block to those of the next.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Lines<TEpilogue>(in LinearOutput output, LineLayout line, int* sums, nint next, int row, int rows, float* m, float* bias)
        where TEpilogue : struct, IEpilogue512<TEpilogue>
    {
        var epilogue = TEpilogue.Of(output);
        nint stride = output.Layout.Width, index = line.Index, i1 = line.To1, i2 = line.To2, i3 = line.To3;
        Vector512<float> m0 = Vector512.Load(m), m1 = Vector512.Load(m + BlockColumns), m2 = Vector512.Load(m + 2 * BlockColumns), m3 = Vector512.Load(m + 3 * BlockColumns);
        Vector512<float> b0 = Vector512.Load(bias), b1 = Vector512.Load(bias + BlockColumns), b2 = Vector512.Load(bias + 2 * BlockColumns), b3 = Vector512.Load(bias + 3 * BlockColumns);
        for (; rows > 0; rows--, row++, sums += BlockColumns, index += stride)
        {
            var y0 = Dequantize(sums, m0, b0);
            var y1 = Dequantize(sums + next, m1, b1);
            var y2 = Dequantize(sums + 2 * next, m2, b2);
            var y3 = Dequantize(sums + 3 * next, m3, b3);
            TEpilogue.Activate(ref y0, ref y1, ref y2, ref y3);
            epilogue.Store(row, index, i1, i2, i3, y0, y1, y2, y3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block<TEpilogue>(in LinearOutput output, int* sums, int rows, float* m, float* bias, int row, int column)
        where TEpilogue : struct, IEpilogue512<TEpilogue>
    {
        var epilogue = TEpilogue.Of(output);
        nint stride = output.Layout.Width;
        var index = output.Layout.IndexOf(row, column);
        Vector512<float> m0 = Vector512.Load(m), b0 = Vector512.Load(bias);
        for (; rows > 0; rows -= 4, row += 4, sums += 4 * BlockColumns, index += 4 * stride)
        {
            // The last row stands in for those that are missing.
            nint r1 = Math.Min(1, rows - 1), r2 = Math.Min(2, rows - 1), r3 = Math.Min(3, rows - 1);
            var y0 = Dequantize(sums, m0, b0);
            var y1 = Dequantize(sums + r1 * BlockColumns, m0, b0);
            var y2 = Dequantize(sums + r2 * BlockColumns, m0, b0);
            var y3 = Dequantize(sums + r3 * BlockColumns, m0, b0);
            TEpilogue.Activate(ref y0, ref y1, ref y2, ref y3);
            epilogue.Store(row, index, y0);
            if (rows > 1) epilogue.Store(row + 1, index + r1 * stride, y1);
            if (rows > 2) epilogue.Store(row + 2, index + r2 * stride, y2);
            if (rows > 3) epilogue.Store(row + 3, index + r3 * stride, y3);
        }
    }

    private static void Narrow(in LinearOutput output, int* sums, int rows, float* m, float* bias, int row, int column, int columns)
    {
        var y = stackalloc float[BlockColumns];
        for (var r = 0; r < rows; r++)
        {
            Dequantize(sums + r * BlockColumns, Vector512.Load(m), Vector512.Load(bias)).Store(y);
            for (var n = 0; n < columns; n++) Scalar(output, row + r, column + n, y[n]);
        }
    }

    // Where the four blocks of a line lie: the first of them, and from it to the others, which may be in the next panel.
    private readonly record struct LineLayout(nint Index, nint To1, nint To2, nint To3)
    {
        public LineLayout(PanelLayout layout, int row, int column)
            : this(layout.IndexOf(row, column), 0, 0, 0)
        {
            To1 = layout.IndexOf(row, column + BlockColumns) - Index;
            To2 = layout.IndexOf(row, column + 2 * BlockColumns) - Index;
            To3 = layout.IndexOf(row, column + 3 * BlockColumns) - Index;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Dequantize(int* sums, Vector512<float> m, Vector512<float> bias) =>
        Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(Vector512.Load(sums)), m, bias);
}

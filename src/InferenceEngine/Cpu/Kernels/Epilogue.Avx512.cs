using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Epilogue
{
    private interface IStore512<TSelf>
        where TSelf : struct, IStore512<TSelf>
    {
        /// <summary>The store with its operands in registers: what lies in memory would be read again after every row stored.</summary>
        static abstract TSelf Of(in LinearOutput output);

        /// <summary>Stores 16 values at element <paramref name="index"/>; the destination has room for all of them.</summary>
        void Store(nint index, Vector512<float> y);
    }

    /// <summary><c>y = fma((float)acc, m[n], bias[n])</c> and the epilogue in one pass, for tile rows of 16 columns, of which the first
    /// <paramref name="columns"/> are stored.</summary>
    /// <param name="output">Destination and epilogue.</param>
    /// <param name="sums">[rows, 16].</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="multipliers">m, 16 values.</param>
    /// <param name="bias">16 values.</param>
    /// <param name="row">Where the first row goes.</param>
    /// <param name="column">Where the first column goes.</param>
    /// <param name="columns">1 to 16.</param>
    public static void Avx512(in LinearOutput output, int* sums, int rows, float* multipliers, float* bias, int row, int column, int columns)
    {
        Vector512<float> m = Vector512.Load(multipliers), b = Vector512.Load(bias);
        if (columns < BlockColumns)
        {
            Narrow(output, sums, rows, m, b, row, column, columns);
            return;
        }

        var index = (nint)row * output.Stride + column;
        switch (output.Kind)
        {
            case EpilogueKind.Float: Rows<FloatStore512>(output, sums, rows, m, b, index); break;
            case EpilogueKind.AddResidual: Rows<ResidualStore512>(output, sums, rows, m, b, index); break;
            case EpilogueKind.QuantizeInt8: Rows<Int8Store512>(output, sums, rows, m, b, index); break;
            case EpilogueKind.GeluQuantizeInt8: GeluRows<Int8Store512>(output, sums, rows, m, b, index); break;
            case EpilogueKind.GeluQuantizeInt16: GeluRows<Int16Store512>(output, sums, rows, m, b, index); break;
            case EpilogueKind.TanhQuantizeInt16: Rows<TanhInt16Store512>(output, sums, rows, m, b, index); break;
            default: throw new ArgumentOutOfRangeException(nameof(output), output.Kind, "Unknown epilogue.");
        }
    }

    private static void Narrow(in LinearOutput output, int* sums, int rows, Vector512<float> m, Vector512<float> bias, int row, int column, int columns)
    {
        var y = stackalloc float[BlockColumns];
        for (var r = 0; r < rows; r++)
        {
            Dequantize(sums + r * BlockColumns, m, bias).Store(y);
            for (var n = 0; n < columns; n++) Scalar(output, row + r, column + n, y[n]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<TStore>(in LinearOutput output, int* sums, int rows, Vector512<float> m, Vector512<float> bias, nint index)
        where TStore : struct, IStore512<TStore>
    {
        var store = TStore.Of(output);
        nint stride = output.Stride;
        for (; rows > 0; rows--, sums += BlockColumns, index += stride) store.Store(index, Dequantize(sums, m, bias));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GeluRows<TStore>(in LinearOutput output, int* sums, int rows, Vector512<float> m, Vector512<float> bias, nint index)
        where TStore : struct, IStore512<TStore>
    {
        var store = TStore.Of(output);
        nint stride = output.Stride;
        for (; rows >= 4; rows -= 4, sums += 4 * BlockColumns, index += 4 * stride) GeluRows(store, sums, m, bias, index, stride, 1, 2, 3);
        // The last row stands in for those that are missing, and is stored again with the same bits.
        if (rows > 0) GeluRows(store, sums, m, bias, index, stride, Math.Min(1, rows - 1), Math.Min(2, rows - 1), rows - 1);
    }

    // Row 0 and three others.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void GeluRows<TStore>(TStore store, int* sums, Vector512<float> m, Vector512<float> bias, nint index, nint stride, nint r1, nint r2, nint r3)
        where TStore : struct, IStore512<TStore>
    {
        var y0 = Dequantize(sums, m, bias);
        var y1 = Dequantize(sums + r1 * BlockColumns, m, bias);
        var y2 = Dequantize(sums + r2 * BlockColumns, m, bias);
        var y3 = Dequantize(sums + r3 * BlockColumns, m, bias);
        Gelu.Avx512(ref y0, ref y1, ref y2, ref y3);
        store.Store(index, y0);
        store.Store(index + r1 * stride, y1);
        store.Store(index + r2 * stride, y2);
        store.Store(index + r3 * stride, y3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Dequantize(int* sums, Vector512<float> m, Vector512<float> bias) =>
        Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(Vector512.Load(sums)), m, bias);

    private readonly struct FloatStore512(float* destination) : IStore512<FloatStore512>
    {
        public static FloatStore512 Of(in LinearOutput output) => new((float*)output.Destination);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(nint index, Vector512<float> y) => y.Store(destination + index);
    }

    private readonly struct ResidualStore512(float* destination, float* residual) : IStore512<ResidualStore512>
    {
        public static ResidualStore512 Of(in LinearOutput output) => new((float*)output.Destination, output.Residual);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(nint index, Vector512<float> y) => (y + Vector512.Load(residual + index)).Store(destination + index);
    }

    private readonly struct Int8Store512(sbyte* destination, Vector512<float> inverse) : IStore512<Int8Store512>
    {
        public static Int8Store512 Of(in LinearOutput output) => new((sbyte*)output.Destination, Vector512.Create(output.InverseScale));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(nint index, Vector512<float> y) => Quantize.ToInt8(y, inverse).Store(destination + index);
    }

    private readonly struct Int16Store512(short* destination, Vector512<float> inverse) : IStore512<Int16Store512>
    {
        public static Int16Store512 Of(in LinearOutput output) => new((short*)output.Destination, Vector512.Create(output.InverseScale));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(nint index, Vector512<float> y) => Quantize.ToInt16(y, inverse).Store(destination + index);
    }

    private readonly struct TanhInt16Store512(Int16Store512 codes) : IStore512<TanhInt16Store512>
    {
        public static TanhInt16Store512 Of(in LinearOutput output) => new(Int16Store512.Of(output));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Store(nint index, Vector512<float> y) => codes.Store(index, Tanh.Avx512(y));
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

internal static unsafe partial class Epilogue
{
    private const int BlockColumns = PackedLinear.BlockColumns;

    private interface IActivation
    {
        static abstract void Apply(ref Vector256<float> y0, ref Vector256<float> y1);
    }

    private interface IStore
    {
        /// <summary>Stores 16 values of a row at element <paramref name="index"/>; the destination has room for all of them.</summary>
        static abstract void Store(in LinearOutput output, int row, nint index, Vector256<float> y0, Vector256<float> y1);
    }

    /// <summary><c>y = fma((float)acc, m[n], bias[n])</c> in place for tile rows of 16 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void DequantizeAvx2(int* tile, int rows, float* multipliers, float* bias)
    {
        for (var i = 0; i < rows * BlockColumns; i += 8)
        {
            var n = i & (BlockColumns - 1);
            var acc = Avx.ConvertToVector256Single(Avx.LoadVector256(tile + i));
            Fma.MultiplyAdd(acc, Avx.LoadVector256(multipliers + n), Avx.LoadVector256(bias + n)).Store((float*)tile + i);
        }
    }

    /// <summary>Applies the epilogue to tile rows of 16 columns, of which the first <paramref name="columns"/> are stored.</summary>
    public static void Avx2(in LinearOutput output, float* y, int rows, int row, int column, int columns)
    {
        if (columns < BlockColumns)
        {
            for (var r = 0; r < rows; r++)
                for (var n = 0; n < columns; n++) Scalar(output, row + r, column + n, y[r * BlockColumns + n]);
            return;
        }

        switch (output.Kind)
        {
            case EpilogueKind.Float: Rows<Identity, FloatStore>(output, y, rows, row, column); break;
            case EpilogueKind.AddResidual: Rows<Identity, ResidualStore>(output, y, rows, row, column); break;
            case EpilogueKind.QuantizeInt8: Rows<Identity, Int8Store>(output, y, rows, row, column); break;
            case EpilogueKind.GeluQuantizeInt8: Rows<GeluActivation, Int8Store>(output, y, rows, row, column); break;
            case EpilogueKind.GeluQuantizeInt16: Rows<GeluActivation, Int16Store>(output, y, rows, row, column); break;
            case EpilogueKind.TanhQuantizeInt16: Rows<TanhActivation, Int16Store>(output, y, rows, row, column); break;
            default: throw new ArgumentOutOfRangeException(nameof(output), output.Kind, "Unknown epilogue.");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<TActivation, TStore>(in LinearOutput output, float* y, int rows, int row, int column)
        where TActivation : struct, IActivation
        where TStore : struct, IStore
    {
        var index = output.Layout.IndexOf(row, column);
        for (var r = 0; r < rows; r++, y += BlockColumns, index += output.Layout.Width)
        {
            var y0 = Avx.LoadVector256(y);
            var y1 = Avx.LoadVector256(y + 8);
            TActivation.Apply(ref y0, ref y1);
            TStore.Store(output, row + r, index, y0, y1);
        }
    }

    private readonly struct Identity : IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Apply(ref Vector256<float> y0, ref Vector256<float> y1)
        {
        }
    }

    private readonly struct GeluActivation : IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Apply(ref Vector256<float> y0, ref Vector256<float> y1) => Gelu.Avx2(ref y0, ref y1);
    }

    private readonly struct TanhActivation : IActivation
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Apply(ref Vector256<float> y0, ref Vector256<float> y1)
        {
            y0 = Tanh.Avx2(y0);
            y1 = Tanh.Avx2(y1);
        }
    }

    private readonly struct FloatStore : IStore
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(in LinearOutput output, int row, nint index, Vector256<float> y0, Vector256<float> y1)
        {
            y0.Store((float*)output.Destination + index);
            y1.Store((float*)output.Destination + index + 8);
        }
    }

    private readonly struct ResidualStore : IStore
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(in LinearOutput output, int row, nint index, Vector256<float> y0, Vector256<float> y1)
        {
            var residual = output.Residual + index;
            Vector256<float> grid = Vector256.Create(output.GridScale), max = Vector256.Create((float)NumericsContract.LayerNormFixedMax);
            var f0 = Quantize.Avx2(Avx.Add(y0, Avx.LoadVector256(residual)), grid, max);
            var f1 = Quantize.Avx2(Avx.Add(y1, Avx.LoadVector256(residual + 8)), grid, max);
            f0.Store((int*)output.Destination + index);
            f1.Store((int*)output.Destination + index + 8);
            output.Sums[row] += LayerNorm.SumsOf(f0, f1);
        }
    }

    private readonly struct Int8Store : IStore
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(in LinearOutput output, int row, nint index, Vector256<float> y0, Vector256<float> y1) =>
            Sse2.Add(Quantize.ToInt8(y0, y1, output.InverseScale), Vector128.Create((sbyte)output.CodeOffset)).Store((sbyte*)output.Destination + index);
    }

    private readonly struct Int16Store : IStore
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(in LinearOutput output, int row, nint index, Vector256<float> y0, Vector256<float> y1) =>
            Quantize.ToInt16(y0, y1, output.InverseScale).Store((short*)output.Destination + index);
    }
}

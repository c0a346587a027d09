using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QatKit.Core.Graph;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

// Why every sum and every conversion is exact is said at the 256-bit version; a lane here sums up half as many values.
// What is left of a row by whole vectors goes the 256-bit way.
internal static unsafe partial class LayerNorm
{
    /// <summary>See <see cref="CpuKernels.AddPanelSums"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddSumsAvx512(PackedLayerNorm norm, float* values, int stride, int rows, int columns, RowSums* sums)
    {
        Vector512<float> grid = Vector512.Create(norm.GridScale), max = Vector512.Create((float)NumericsContract.LayerNormFixedMax);
        var whole = columns & ~15;
        for (var r = 0; r < rows; r++, values += stride)
        {
            var sum = Vector512<int>.Zero;
            var squares = Vector512<long>.Zero;
            for (var i = 0; i < whole; i += 16)
            {
                var f = Quantize.Avx512(Vector512.Load(values + i), grid, max);
                sum += f;
                squares += Squares(f);
            }

            sums[r] += new RowSums(Vector512.Sum(sum), Vector512.Sum(squares));
            if (whole < columns) sums[r] += SumsAvx2(values + whole, columns - whole, norm.GridScale);
        }
    }

    /// <summary>See <see cref="CpuKernels.NormalizePanel"/>.</summary>
    public static void Avx512(PackedLayerNorm norm, RowStatistics* statistics, float* values, int stride, int rows, int begin, int end, Codes? codes)
    {
        if (codes is not { } destination)
        {
            Panel(norm, statistics, values, stride, rows, begin, end, default(NoStore512));
            return;
        }

        var inverse = destination.Quantizer.InverseScale;
        if (destination.Width == CodeWidth.Int8) Panel(norm, statistics, values, stride, rows, begin, end, new Int8Store512(destination.Int8, Vector512.Create(inverse)));
        else Panel(norm, statistics, values, stride, rows, begin, end, new Int16Store512(destination.Int16, Vector512.Create(inverse)));
        int left = (end - begin) & 15;
        if (left == 0) return;
        for (var r = 0; r < rows; r++)
        {
            var index = (nint)r * stride + (end - begin - left);
            if (destination.Width == CodeWidth.Int8) Quantize.Scalar(values + index, left, inverse, destination.Int8 + index);
            else Quantize.Scalar(values + index, left, inverse, destination.Int16 + index);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Panel<TStore>(PackedLayerNorm norm, RowStatistics* statistics, float* values, int stride, int rows, int begin, int end, TStore codes)
        where TStore : struct, IStore512<TStore>
    {
        var grid = Vector512.Create(norm.GridScale);
        var hidden = Vector512.Create(norm.Hidden);
        var narrow = norm.Hidden <= MaxHiddenForInt32;
        int columns = end - begin, whole = columns & ~15;
        float* gamma = (float*)norm.Gamma.Pointer + begin, beta = (float*)norm.Beta.Pointer + begin;
        nint index = 0;
        for (var r = 0; r < rows; r++, index += stride)
        {
            var rs = Vector512.Create(statistics[r].ReciprocalStd);
            var wideS1 = Vector512.Create(statistics[r].S1);
            var s1 = Vector512.Create((int)statistics[r].S1);
            for (var i = 0; i < whole; i += 16)
            {
                var scaled = Scaled(values + index + i, grid, hidden);
                var n = narrow ? InInt32(scaled, s1) : InFloat64(scaled, wideS1);
                var h = Vector512.FusedMultiplyAdd(n * rs, Vector512.Load(gamma + i), Vector512.Load(beta + i));
                h.Store(values + index + i);
                codes.Store(index + i, h);
            }

            if (whole < columns) Avx2(norm, statistics[r], values + index + whole, begin + whole, end);
        }
    }

    // Of even lanes plus those of odd lanes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<long> Squares(Vector512<int> f)
    {
        var high = Vector512.ShiftRightLogical(f.AsInt64(), 32).AsInt32();
        return Lanes512.MultiplyEven(f, f) + Lanes512.MultiplyEven(high, high);
    }

    // H·f.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Scaled(float* residual, Vector512<float> grid, Vector512<int> hidden) =>
        Quantize.Avx512(Vector512.Load(residual), grid, Vector512.Create((float)NumericsContract.LayerNormFixedMax)) * hidden;

    // (float)(H·f − S1).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> InInt32(Vector512<int> scaled, Vector512<int> s1) => Vector512.ConvertToSingle(scaled - s1);

    // Exact as int64 and as float64, and rounded once to float32.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> InFloat64(Vector512<int> scaled, Vector512<long> s1) => Vector512.Narrow(
        Vector512.ConvertToDouble(Vector512.WidenLower(scaled) - s1),
        Vector512.ConvertToDouble(Vector512.WidenUpper(scaled) - s1));
}

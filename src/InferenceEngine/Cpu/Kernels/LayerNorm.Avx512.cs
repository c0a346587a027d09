using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Cpu.Kernels;

// Why every sum and every conversion is exact is said at the 256-bit version; a lane here sums up half as many values.
// What is left of a row by whole vectors goes the 256-bit way.
internal static unsafe partial class LayerNorm
{
    /// <summary>Sums of sixteen values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RowSums SumsOf(Vector512<int> f) => new(Vector512.Sum(f), Vector512.Sum(Squares(f)));

    /// <summary>Sums of sixty-four values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RowSums SumsOf(Vector512<int> f0, Vector512<int> f1, Vector512<int> f2, Vector512<int> f3) =>
        new(Vector512.Sum(f0 + f1 + (f2 + f3)), Vector512.Sum(Squares(f0) + Squares(f1) + (Squares(f2) + Squares(f3))));

    /// <summary>See <see cref="CpuKernels.NormalizePanel"/>.</summary>
    public static void Avx512(PackedLayerNorm norm, RowStatistics* statistics, int* values, int stride, int rows, int begin, int end, Codes? codes)
    {
        if (codes is not { } destination) Panel(norm, statistics, values, stride, rows, begin, end, default(NoStore512));
        else if (destination.Width == CodeWidth.Int8) Panel(norm, statistics, values, stride, rows, begin, end, new Int8Store512(destination));
        else Panel(norm, statistics, values, stride, rows, begin, end, new Int16Store512(destination));

        var left = (end - begin) & 15;
        for (var r = 0; left > 0 && r < rows; r++)
        {
            var index = (nint)r * stride + (end - begin - left);
            Avx2(norm, statistics[r], values + index, end - left, end);
            if (codes is { } c) Quantize.Scalar((float*)values + index, left, c.From(index));
        }
    }

    // Whole vectors.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Panel<TStore>(PackedLayerNorm norm, RowStatistics* statistics, int* values, nint stride, int rows, int begin, int end, TStore codes)
        where TStore : struct, IStore512<TStore>
    {
        var hidden = Vector512.Create(norm.Hidden);
        nint whole = (end - begin) & ~15;
        float* gamma = (float*)norm.Gamma.Pointer + begin, beta = (float*)norm.Beta.Pointer + begin;
        if (norm.Hidden <= MaxHiddenForInt32)
        {
            for (nint row = 0; rows > 0; rows--, statistics++, values += stride, row += stride)
            {
                var rs = Vector512.Create(statistics->ReciprocalStd);
                var s1 = Vector512.Create((int)statistics->S1);
                for (nint i = 0; i < whole; i += 16) Finish(InInt32(Scaled(values + i, hidden), s1), rs, gamma + i, beta + i, (float*)values + i, codes, row + i);
            }
        }
        else
        {
            for (nint row = 0; rows > 0; rows--, statistics++, values += stride, row += stride)
            {
                var rs = Vector512.Create(statistics->ReciprocalStd);
                var s1 = Vector512.Create(statistics->S1);
                for (nint i = 0; i < whole; i += 16) Finish(InFloat64(Scaled(values + i, hidden), s1), rs, gamma + i, beta + i, (float*)values + i, codes, row + i);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TStore>(Vector512<float> n, Vector512<float> rs, float* gamma, float* beta, float* values, TStore codes, nint index)
        where TStore : struct, IStore512<TStore>
    {
        var h = Vector512.FusedMultiplyAdd(n * rs, Vector512.Load(gamma), Vector512.Load(beta));
        h.Store(values);
        codes.Store(index, h);
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
    private static Vector512<int> Scaled(int* values, Vector512<int> hidden) => Vector512.Load(values) * hidden;

    // (float)(H·f − S1).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> InInt32(Vector512<int> scaled, Vector512<int> s1) => Vector512.ConvertToSingle(scaled - s1);

    // Exact as int64 and as float64, and rounded once to float32.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> InFloat64(Vector512<int> scaled, Vector512<long> s1) => Vector512.Narrow(
        Vector512.ConvertToDouble(Vector512.WidenLower(scaled) - s1),
        Vector512.ConvertToDouble(Vector512.WidenUpper(scaled) - s1));
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QatKit.Core.Numerics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>What an epilogue does with values in registers, each of sixteen columns of a row.</summary>
internal interface IEpilogue512<TSelf>
    where TSelf : struct, IEpilogue512<TSelf>
{
    /// <summary>The epilogue with its operands in registers.</summary>
    static abstract TSelf Of(in LinearOutput output);

    /// <summary>The activation function, where there is one.</summary>
    static virtual void Activate(ref Vector512<float> y0, ref Vector512<float> y1, ref Vector512<float> y2, ref Vector512<float> y3)
    {
    }

    /// <summary>Stores 16 values at element <paramref name="index"/>; the destination has room for all of them.</summary>
    void Store(int row, nint index, Vector512<float> y);

    /// <summary>Stores four times 16 values of a row, at element <paramref name="index"/> and so many elements after it.</summary>
    void Store(int row, nint index, nint i1, nint i2, nint i3, Vector512<float> y0, Vector512<float> y1, Vector512<float> y2, Vector512<float> y3);
}

/// <summary>Stores the values as they are.</summary>
internal readonly struct StoreEpilogue512<TStore>(TStore store) : IEpilogue512<StoreEpilogue512<TStore>>
    where TStore : struct, IStore512<TStore>
{
    public static StoreEpilogue512<TStore> Of(in LinearOutput output) => new(TStore.Of(output));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int row, nint index, Vector512<float> y) => store.Store(index, y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int row, nint index, nint i1, nint i2, nint i3, Vector512<float> y0, Vector512<float> y1, Vector512<float> y2, Vector512<float> y3)
    {
        store.Store(index, y0);
        store.Store(index + i1, y1);
        store.Store(index + i2, y2);
        store.Store(index + i3, y3);
    }
}

/// <summary>Stores GELU of them.</summary>
internal readonly struct GeluEpilogue512<TStore>(StoreEpilogue512<TStore> store) : IEpilogue512<GeluEpilogue512<TStore>>
    where TStore : struct, IStore512<TStore>
{
    public static GeluEpilogue512<TStore> Of(in LinearOutput output) => new(StoreEpilogue512<TStore>.Of(output));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Activate(ref Vector512<float> y0, ref Vector512<float> y1, ref Vector512<float> y2, ref Vector512<float> y3) =>
        Gelu.Avx512(ref y0, ref y1, ref y2, ref y3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int row, nint index, Vector512<float> y) => store.Store(row, index, y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int row, nint index, nint i1, nint i2, nint i3, Vector512<float> y0, Vector512<float> y1, Vector512<float> y2, Vector512<float> y3) =>
        store.Store(row, index, i1, i2, i3, y0, y1, y2, y3);
}

/// <summary>Adds the residual, stores r_fix and adds up the sums of rows.</summary>
internal readonly unsafe struct ResidualEpilogue512(int* destination, float* residual, float gridScale, RowSums* sums) : IEpilogue512<ResidualEpilogue512>
{
    private readonly Vector512<float> _grid = Vector512.Create(gridScale);

    public static ResidualEpilogue512 Of(in LinearOutput output) => new((int*)output.Destination, output.Residual, output.GridScale, output.Sums);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int row, nint index, Vector512<float> y) => sums[row] += LayerNorm.SumsOf(Fixed(index, y));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int row, nint index, nint i1, nint i2, nint i3, Vector512<float> y0, Vector512<float> y1, Vector512<float> y2, Vector512<float> y3) =>
        sums[row] += LayerNorm.SumsOf(Fixed(index, y0), Fixed(index + i1, y1), Fixed(index + i2, y2), Fixed(index + i3, y3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<int> Fixed(nint index, Vector512<float> y)
    {
        var f = Quantize.Avx512(y + Vector512.Load(residual + index), _grid, Vector512.Create((float)NumericsContract.LayerNormFixedMax));
        f.Store(destination + index);
        return f;
    }
}

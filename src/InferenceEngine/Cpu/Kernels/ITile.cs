using QatKit.Sparsity;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>A register tile of an integer matrix product: some rows times a block of 16 columns over the whole of K.</summary>
/// <remarks>Left operand: packed rows, one after another with a stride of <see cref="RowBytes"/>. Right operand: packed blocks of
/// 16 columns, each led by 16 int32 values from which the accumulators start. Rows and blocks are zero-padded in K,
/// blocks also in N, so that a tile never reads beyond them.</remarks>
internal unsafe interface ITile
{
    /// <summary>Most rows of one tile.</summary>
    static abstract int MaxRows { get; }

    /// <summary>Bytes of a packed row of k codes.</summary>
    static abstract int RowBytes(int k);

    /// <summary>Bytes of a packed block of 16 columns.</summary>
    static abstract long BlockBytes(int k);

    /// <summary>Packs a row of int8 codes.</summary>
    static abstract void PackRow(sbyte* source, int k, byte* destination);

    /// <summary><c>c[rows, 16] = a[rows, K] · block[K, 16]</c>, exact in int32.</summary>
    /// <param name="rows">1 to <see cref="MaxRows"/>.</param>
    /// <param name="a">Packed rows.</param>
    /// <param name="block">A packed block.</param>
    /// <param name="k">K.</param>
    /// <param name="c">Result.</param>
    /// <param name="stride">Values from one row of the result to the next.</param>
    static abstract void Multiply(int rows, byte* a, byte* block, int k, int* c, int stride);
}

/// <summary>A tile whose blocks hold every weight; attention uses it for K and V too.</summary>
internal unsafe interface IDenseTile : ITile
{
    /// <summary>Packs a row of unsigned codes (attention probabilities).</summary>
    static abstract void PackUnsignedRow(byte* source, int k, byte* destination);

    /// <summary>Packs a block whose columns are rows of memory: <c>block[k, n] = source[n · stride + k]</c>.</summary>
    /// <param name="source">First code.</param>
    /// <param name="stride">Codes from one column to the next.</param>
    /// <param name="columns">1 to 16; the others are zero.</param>
    /// <param name="k">K.</param>
    /// <param name="block">Receives the block; for products with rows of <see cref="ITile.PackRow"/>.</param>
    static abstract void PackColumns(sbyte* source, nint stride, int columns, int k, byte* block);

    /// <summary>Packs a block whose columns are columns of memory: <c>block[k, n] = source[k · stride + n]</c>.</summary>
    /// <remarks>For products with rows of <see cref="PackUnsignedRow"/>.</remarks>
    static abstract void PackRows(sbyte* source, nint stride, int columns, int k, byte* block);
}

/// <summary>A tile whose blocks hold only the kept weights of a 2:4 matrix, and their positions.</summary>
internal unsafe interface ISparse24Tile : ITile
{
    /// <summary>Packs the 16 columns from <paramref name="column"/> on; columns beyond the matrix are zero.</summary>
    static abstract void PackBlock(Sparse24Matrix matrix, int column, byte* block);
}

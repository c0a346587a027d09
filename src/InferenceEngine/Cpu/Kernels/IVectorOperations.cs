namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>What surrounds a matrix product, on vectors of one width.</summary>
internal unsafe interface IVectorOperations
{
    /// <summary>Epilogue of some blocks: <c>y = fma((float)sums, m[n], bias[n])</c>, then what <paramref name="output"/> says.</summary>
    /// <param name="output">Destination and epilogue.</param>
    /// <param name="sums">[blocks, rows, 16] int32; may be overwritten.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="multipliers">m, [blocks · 16].</param>
    /// <param name="bias">[blocks · 16].</param>
    /// <param name="row">First row in the output.</param>
    /// <param name="column">First column in the output.</param>
    /// <param name="columns">Columns to store: all of the blocks, but that the last may have fewer than 16.</param>
    static abstract void Finish(in LinearOutput output, int* sums, int rows, float* multipliers, float* bias, int row, int column, int columns);

    /// <summary>Probability codes of one row of scores; see <see cref="Kernels.Softmax.Avx512"/>, whose bounds hold for all widths.</summary>
    static abstract int Softmax(int* scores, int count, float scoreMultiplier, byte* codes);

    /// <summary>Codes of <c>(float)acc · scale</c>, 16 columns.</summary>
    static abstract void StoreContext(Codes context, nint index, int* acc, float scale);
}

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

    /// <summary>Probability codes of rows of scores.</summary>
    /// <param name="scores">Rows readable up to the next multiple of sixteen; what follows <paramref name="count"/> is ignored.</param>
    /// <param name="stride">Scores from one row to the next.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="count">Scores of each, at least 1.</param>
    /// <param name="scoreMultiplier">m_qk.</param>
    /// <param name="codes">Receives p, writable up to the next multiple of sixteen; zeros follow <paramref name="count"/> to the next multiple of eight at least.</param>
    /// <param name="codeStride">Codes from one row to the next.</param>
    /// <param name="z">Receives Σ p of each row.</param>
    static abstract void Softmax(int* scores, nint stride, int rows, int count, float scoreMultiplier, byte* codes, nint codeStride, int* z);

    /// <summary>Codes of 16 columns of some rows of the context: <c>quantize((float)acc · scale)</c>.</summary>
    /// <param name="context">Receives them, from its first element on.</param>
    /// <param name="acc">First sum.</param>
    /// <param name="stride">Sums from one row to the next.</param>
    /// <param name="scales">s_v / z of each row.</param>
    /// <param name="rows">Rows.</param>
    static abstract void StoreContext(Codes context, int* acc, nint stride, float* scales, int rows);
}

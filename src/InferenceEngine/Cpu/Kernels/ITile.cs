namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>A register tile of an integer matrix product: some rows times blocks of 16 columns over a stretch of K.</summary>
/// <remarks><para>Left operand: rows of codes, as they are or packed. Right
/// operand: packed blocks of 16 columns, each led by 16 int32 values from which the accumulators start
/// (<see cref="TileSize.BlockBytes{TTile}"/>), zero-padded in K and N. What follows a row up to the next whole step meets zeros.</para>
/// <para>Weights rest in memory in one byte per code and are expanded, a stretch of K at a time, to what the tile multiplies;
/// most tiles multiply what is stored.</para></remarks>
internal unsafe interface ITile
{
    /// <summary>Most rows of one tile.</summary>
    static abstract int MaxRows { get; }

    /// <summary>Most blocks of columns of one tile.</summary>
    static abstract int MaxBlocks { get; }

    /// <summary>Codes of K that the tile takes at once; blocks are padded to a multiple of it.</summary>
    static abstract int StepDepth { get; }

    /// <summary>Longest stretch of K; a multiple of <see cref="StepDepth"/>.</summary>
    static abstract int MaxDepth { get; }

    /// <summary>Bytes of a row per code, as the tile reads it.</summary>
    static abstract int RowCodeBytes { get; }

    /// <summary>Bytes of an expanded block per code of K (16 columns).</summary>
    static abstract int DepthBytes { get; }

    /// <summary>Bytes of a stored block of weights per code of K.</summary>
    static abstract int StoredDepthBytes { get; }

    /// <summary>Room that <see cref="Rows"/> needs, in bytes: 0 when the tile reads codes as they are.</summary>
    static abstract long RoomForRows(int rows, int k);

    /// <summary>Rows of int8 codes as the tile reads them.</summary>
    /// <param name="codes">[rows, K], with the offset of the tier (<see cref="CpuKernels.CodeOffset"/>).</param>
    /// <param name="rows">Rows.</param>
    /// <param name="k">K.</param>
    /// <param name="room">Receives them, when they must be packed.</param>
    /// <param name="packed">It holds them already.</param>
    static abstract TileRows Rows(Codes codes, int rows, int k, byte* room, bool packed);

    /// <summary>Packs a block of weights as it is stored, header included: column n begins at <c>source + n · K</c>.</summary>
    /// <param name="source">First weight of the first column; columns follow each other. A 2:4 tile keeps two of each four, and the others are 0.</param>
    /// <param name="columns">1 to 16; the others are zero.</param>
    /// <param name="k">K.</param>
    /// <param name="stored">Receives the block.</param>
    static abstract void PackWeights(sbyte* source, int columns, int k, byte* stored);

    /// <summary>Makes stored weights ready for <see cref="Multiply"/>.</summary>
    /// <param name="stored">A stretch of a stored block, after its header.</param>
    /// <param name="depth">Length of the stretch, a multiple of <see cref="StepDepth"/>.</param>
    /// <param name="panel">Room for <c>depth · DepthBytes</c> bytes.</param>
    /// <returns>The panel, or <paramref name="stored"/> when the tile multiplies that.</returns>
    static abstract byte* Expand(byte* stored, int depth, byte* panel);

    /// <summary><c>c[rows, 16 · blocks] = start + a[rows, depth] · columns[depth, 16 · blocks]</c>, exact in int32, of tiles one below another
    /// (<see cref="TileOperands.Tiles"/>).</summary>
    /// <param name="rows">Of each, 1 to <see cref="MaxRows"/>.</param>
    /// <param name="blocks">1 to <see cref="MaxBlocks"/>.</param>
    /// <param name="operands">Where they are.</param>
    static abstract void Multiply(int rows, int blocks, TileOperands* operands);
}

/// <summary>A tile whose blocks hold every weight; attention uses it for K and V too.</summary>
internal unsafe interface IDenseTile : ITile
{
    /// <summary>Rows of unsigned codes (attention probabilities) as the tile reads them.</summary>
    /// <param name="codes">First code; zeros follow each row to the end of the step.</param>
    /// <param name="stride">Bytes from one row of codes to the next.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="k">Codes of each.</param>
    /// <param name="room">Receives them, when they must be packed; as large as <see cref="ITile.RoomForRows"/> says.</param>
    static abstract TileRows UnsignedRows(byte* codes, nint stride, int rows, int k, byte* room);

    /// <summary>Packs an expanded block whose columns are rows of memory: <c>block[k, n] = source[n · stride + k]</c>.</summary>
    /// <param name="source">First code.</param>
    /// <param name="stride">Codes from one column to the next.</param>
    /// <param name="columns">1 to 16; the others are zero.</param>
    /// <param name="k">K.</param>
    /// <param name="block">Receives the block; for products with <see cref="ITile.Rows"/>.</param>
    static abstract void PackColumns(sbyte* source, nint stride, int columns, int k, byte* block);

    /// <summary>Packs an expanded block whose columns are columns of memory: <c>block[k, n] = source[k · stride + n]</c>.</summary>
    /// <remarks>For products with <see cref="UnsignedRows"/>.</remarks>
    static abstract void PackValues(sbyte* source, nint stride, int columns, int k, byte* block);
}

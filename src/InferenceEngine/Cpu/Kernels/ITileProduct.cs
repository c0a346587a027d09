namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>What the tiers of one tile layout do not share: how large a tile is and how it is multiplied.</summary>
internal unsafe interface ITileProduct
{
    /// <inheritdoc cref="ITile.MaxRows"/>
    static abstract int MaxRows { get; }

    /// <inheritdoc cref="ITile.MaxBlocks"/>
    static abstract int MaxBlocks { get; }

    /// <inheritdoc cref="ITile.MaxDepth"/>
    static abstract int MaxDepth { get; }

    /// <summary>The tile reads rows of codes where they lie, with <see cref="ByteRows.Offset"/>; others read them packed.</summary>
    static abstract bool ReadsCodes { get; }

    /// <inheritdoc cref="ITile.Multiply"/>
    static abstract void Multiply(int rows, int blocks, TileOperands* operands);
}

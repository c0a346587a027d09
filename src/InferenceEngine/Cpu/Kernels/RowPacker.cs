namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Packs rows of int8 codes into the form that a tile reads.</summary>
internal unsafe interface IRowPacker
{
    /// <summary>Bytes of a packed row per code.</summary>
    static abstract int CodeBytes { get; }

    /// <summary>Packs a part of some rows.</summary>
    /// <param name="source">First code.</param>
    /// <param name="stride">Codes from one row to the next.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="k">Codes of each; a multiple of 16, or else the end of K.</param>
    /// <param name="destination">Receives the first row.</param>
    /// <param name="rowBytes">Bytes from one packed row to the next.</param>
    static abstract void Pack(sbyte* source, nint stride, int rows, int k, byte* destination, nint rowBytes);
}

/// <summary>Rows that a tile reads packed.</summary>
internal static unsafe class RowPacker
{
    /// <summary>See <see cref="ITile.RoomForRows"/>.</summary>
    public static long Room<TPacker>(int rows, int k) where TPacker : struct, IRowPacker => (long)rows * TileSize.RowBytes(k * TPacker.CodeBytes);

    /// <summary>See <see cref="ITile.Rows"/>.</summary>
    public static TileRows Pack<TPacker>(Codes codes, int rows, int k, byte* room, bool packed) where TPacker : struct, IRowPacker
    {
        int rowBytes = TileSize.RowBytes(k * TPacker.CodeBytes), width = codes.Layout.Width;
        for (var column = 0; !packed && column < k; column += width)
        {
            TPacker.Pack(codes.Int8 + codes.Layout.IndexOf(0, column), width, rows, Math.Min(width, k - column), room + column * TPacker.CodeBytes, rowBytes);
        }

        return new TileRows(room, rowBytes);
    }
}

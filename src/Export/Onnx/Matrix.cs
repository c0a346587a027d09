namespace QatKit.Export.Onnx;

/// <summary>Layout of weights: QatKit stores [out, in], a MatMul with the weights on the right wants [in, out].</summary>
internal static class Matrix
{
    private const int Tile = 32; // Both sides of a tile stay in the first-level cache.

    /// <summary>Matrices of equal width, or vectors, one below the other.</summary>
    public static T[] Stack<T>(IEnumerable<T[]> parts) => [.. parts.SelectMany(p => p)];

    /// <summary>[rows, columns] to [columns, rows].</summary>
    public static T[] Transpose<T>(T[] values, int rows, int columns)
    {
        var result = new T[values.Length];
        for (var r0 = 0; r0 < rows; r0 += Tile)
            for (var c0 = 0; c0 < columns; c0 += Tile)
                for (var r = r0; r < Math.Min(rows, r0 + Tile); r++)
                    for (var c = c0; c < Math.Min(columns, c0 + Tile); c++)
                        result[(long)c * rows + r] = values[(long)r * columns + c];
        return result;
    }
}

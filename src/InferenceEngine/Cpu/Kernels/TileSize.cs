namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Sizes of packed operands.</summary>
internal static class TileSize
{
    /// <summary>Bytes of the 16 int32 start values that lead a block.</summary>
    public const int HeaderBytes = 64;

    /// <summary>K rounded up to whole steps.</summary>
    public static int Depth<TTile>(int k) where TTile : struct, ITile => (k + TTile.StepDepth - 1) / TTile.StepDepth * TTile.StepDepth;

    /// <summary>Bytes from one packed row of <paramref name="bytes"/> bytes to the next: whole cache lines and one more, so that rows of 2^n codes do not
    /// compete for the same cache sets.</summary>
    public static int RowBytes(int bytes) => ((bytes + 63) & ~63) + 64;

    /// <summary>Bytes of an expanded block of 16 columns.</summary>
    public static long BlockBytes<TTile>(int k) where TTile : struct, ITile => HeaderBytes + (long)Depth<TTile>(k) * TTile.DepthBytes;

    /// <summary>Bytes of a stored block of 16 columns.</summary>
    public static long StoredBytes<TTile>(int k) where TTile : struct, ITile => HeaderBytes + (long)Depth<TTile>(k) * TTile.StoredDepthBytes;
}

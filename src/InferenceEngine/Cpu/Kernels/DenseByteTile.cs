using System.Runtime.CompilerServices;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Dense tile of the VNNI tiers: rows as in <see cref="ByteRows"/>, blocks as in <see cref="ByteBlock"/>.</summary>
/// <typeparam name="TProduct">The tier's.</typeparam>
internal readonly unsafe struct DenseByteTile<TProduct> : IDenseTile where TProduct : struct, ITileProduct
{
    public static int MaxRows => TProduct.MaxRows;

    public static int MaxBlocks => TProduct.MaxBlocks;

    public static int StepDepth => ByteBlock.StepDepth;

    public static int MaxDepth => TProduct.MaxDepth;

    public static int RowCodeBytes => 1;

    public static int DepthBytes => ByteBlock.DepthBytes;

    public static int StoredDepthBytes => DepthBytes;

    public static long RoomForRows(int rows, int k) => TProduct.ReadsCodes ? 0 : RowPacker.Room<ByteRows>(rows, k);

    public static TileRows Rows(Codes codes, int rows, int k, byte* room, bool packed) =>
        TProduct.ReadsCodes ? new TileRows(codes) : RowPacker.Pack<ByteRows>(codes, rows, k, room, packed);

    public static TileRows UnsignedRows(byte* codes, nint stride, int rows, int k, byte* room) => new(codes, stride);

    public static byte* Expand(byte* stored, int depth, byte* panel) => stored;

    public static void PackWeights(sbyte* source, int columns, int k, byte* stored) => PackColumns(source, k, columns, k, stored);

    public static void PackColumns(sbyte* source, nint stride, int columns, int k, byte* block) => ByteBlock.PackColumns(source, stride, columns, k, block);

    public static void PackValues(sbyte* source, nint stride, int columns, int k, byte* block) => ByteBlock.PackValues(source, stride, columns, k, block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(int rows, int blocks, TileOperands* operands) => TProduct.Multiply(rows, blocks, operands);
}

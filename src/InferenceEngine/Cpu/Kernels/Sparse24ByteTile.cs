using System.Runtime.CompilerServices;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>2:4 tile of the VNNI tiers: rows as in <see cref="ByteRows"/>, blocks as <see cref="Sparse24Block.PackForShiftedRows"/> packs them; a
/// step is two groups of four k, of which each column keeps four codes.</summary>
/// <typeparam name="TProduct">The tier's.</typeparam>
internal readonly unsafe struct Sparse24ByteTile<TProduct> : ITile where TProduct : struct, ITileProduct
{
    public static int MaxRows => TProduct.MaxRows;

    public static int MaxBlocks => TProduct.MaxBlocks;

    public static int StepDepth => Sparse24Tile.StepDepth;

    public static int MaxDepth => TProduct.MaxDepth;

    public static int RowCodeBytes => 1;

    public static int DepthBytes => Sparse24Tile.DepthBytes;

    public static int StoredDepthBytes => Sparse24Tile.DepthBytes;

    public static long RoomForRows(int rows, int k) => TProduct.ReadsCodes ? 0 : RowPacker.Room<ByteRows>(rows, k);

    public static TileRows Rows(Codes codes, int rows, int k, byte* room, bool packed) =>
        TProduct.ReadsCodes ? new TileRows(codes) : RowPacker.Pack<ByteRows>(codes, rows, k, room, packed);

    public static byte* Expand(byte* stored, int depth, byte* panel) => stored;

    public static void PackWeights(sbyte* source, int columns, int k, byte* stored) => Sparse24Block.PackForShiftedRows(source, columns, k, stored);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(int rows, int blocks, TileOperands* operands) => TProduct.Multiply(rows, blocks, operands);
}

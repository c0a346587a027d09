using System.Runtime.CompilerServices;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>2:4 tile on AVX-512 VNNI, up to 12 × 32: rows as in <see cref="ByteRows"/>, blocks as <see cref="Sparse24Block.PackForShiftedRows"/> packs them.</summary>
/// <typeparam name="TCode"><see cref="NativeTileCode"/>; tests put an emulation of the processor here.</typeparam>
internal readonly unsafe struct Sparse24TileAvx512Vnni<TCode> : ITile where TCode : struct, ITileCode
{
    public static int MaxRows => TileKernel.MaxRows;

    public static int MaxBlocks => TileKernel.MaxBlocks;

    public static int StepDepth => Sparse24Tile.StepDepth;

    public static int MaxDepth => 3072;

    public static int RowCodeBytes => 1;

    public static int DepthBytes => Sparse24Tile.DepthBytes;

    public static int StoredDepthBytes => Sparse24Tile.DepthBytes;

    public static void PackRow(sbyte* source, int k, byte* destination) => ByteRows.PackShifted(source, k, destination);

    public static void PackWeights(sbyte* source, int columns, int k, byte* stored) => Sparse24Block.PackForShiftedRows(source, columns, k, stored);

    public static byte* Expand(byte* stored, int depth, byte* panel) => stored;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(int rows, int blocks, TileOperands* operands) => TCode.Run(new TileKernel(IsSparse: true, blocks, rows), operands);
}

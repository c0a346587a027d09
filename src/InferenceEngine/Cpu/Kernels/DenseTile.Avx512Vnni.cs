using System.Runtime.CompilerServices;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Dense tile on AVX-512 VNNI, up to 12 × 32: rows as in <see cref="ByteRows"/>, blocks as in <see cref="ByteBlock"/>.</summary>
/// <typeparam name="TCode"><see cref="NativeTileCode"/>; tests put an emulation of the processor here.</typeparam>
internal readonly unsafe struct DenseTileAvx512Vnni<TCode> : IDenseTile where TCode : struct, ITileCode
{
    public static int MaxRows => TileKernel.MaxRows;

    public static int MaxBlocks => TileKernel.MaxBlocks;

    public static int StepDepth => ByteBlock.StepDepth;

    // Two blocks are 24 KB: processors with these instructions have first-level caches of 32 KB and 48 KB.
    public static int MaxDepth => 3072;

    public static int RowCodeBytes => 1;

    public static int DepthBytes => ByteBlock.DepthBytes;

    public static int StoredDepthBytes => DepthBytes;

    public static void PackRow(sbyte* source, int k, byte* destination) => ByteRows.PackShifted(source, k, destination);

    public static void PackUnsignedRow(byte* source, int k, byte* destination) => ByteRows.Pack(source, k, destination);

    public static byte* Expand(byte* stored, int depth, byte* panel) => stored;

    public static void PackWeights(sbyte* source, int columns, int k, byte* stored) => PackColumns(source, k, columns, k, stored);

    public static void PackColumns(sbyte* source, nint stride, int columns, int k, byte* block) => ByteBlock.PackColumns(source, stride, columns, k, block);

    public static void PackRows(sbyte* source, nint stride, int columns, int k, byte* block) => ByteBlock.PackRows(source, stride, columns, k, block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(int rows, int blocks, TileOperands* operands) => TCode.Run(new TileKernel(IsSparse: false, blocks, rows), operands);
}

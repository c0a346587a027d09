namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Dense tile on AVX-VNNI: eight codes per step, four at a time; rows as in <see cref="ByteRows"/>, blocks as in <see cref="ByteBlock"/>.</summary>
/// <typeparam name="TDot"><see cref="DotU8S8"/>; tests put an exact AVX2 emulation of the instruction here.</typeparam>
internal readonly unsafe struct DenseTileAvxVnni<TDot> : IDenseTile where TDot : struct, ITileOperation
{
    public static int MaxRows => DenseTile.MaxRows;

    public static int MaxBlocks => 1;

    public static int StepDepth => ByteBlock.StepDepth;

    public static int MaxDepth => 1024;

    public static int RowCodeBytes => 1;

    public static int DepthBytes => ByteBlock.DepthBytes;

    public static int StoredDepthBytes => DepthBytes;

    public static void PackRow(sbyte* source, int k, byte* destination) => ByteRows.PackShifted(source, k, destination);

    public static void PackUnsignedRow(byte* source, int k, byte* destination) => ByteRows.Pack(source, k, destination);

    public static byte* Expand(byte* stored, int depth, byte* panel) => stored;

    public static void PackWeights(sbyte* source, int columns, int k, byte* stored) => PackColumns(source, k, columns, k, stored);

    public static void PackColumns(sbyte* source, nint stride, int columns, int k, byte* block) => ByteBlock.PackColumns(source, stride, columns, k, block);

    public static void PackRows(sbyte* source, nint stride, int columns, int k, byte* block) => ByteBlock.PackRows(source, stride, columns, k, block);

    public static void Multiply(int rows, int blocks, TileOperands* operands)
    {
        operands->FetchAll();
        DenseTile.Multiply<TDot>(rows, operands->Depth / StepDepth, operands);
    }
}

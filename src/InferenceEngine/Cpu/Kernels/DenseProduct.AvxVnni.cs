namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>6 × 16 on AVX-VNNI: eight codes per step, four at a time.</summary>
/// <typeparam name="TDot"><see cref="DotU8S8"/>; tests put an exact AVX2 emulation of the instruction here.</typeparam>
internal readonly unsafe struct DenseProductAvxVnni<TDot> : ITileProduct where TDot : struct, ITileOperation
{
    public static int MaxRows => DenseTile.MaxRows;

    public static int MaxBlocks => 1;

    public static int MaxDepth => 1024;

    public static bool ReadsCodes => false;

    public static void Multiply(int rows, int blocks, TileOperands* operands) => DenseTile.Multiply<TDot>(rows, operands->Depth / ByteBlock.StepDepth, operands);
}

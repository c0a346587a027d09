using System.Runtime.CompilerServices;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>Up to 12 × 32 on AVX-512 VNNI.</summary>
/// <typeparam name="TCode"><see cref="NativeTileCode"/>; tests put an emulation of the processor here.</typeparam>
internal readonly unsafe struct DenseProductAvx512Vnni<TCode> : ITileProduct where TCode : struct, ITileCode
{
    public static int MaxRows => TileKernel.MaxRows;

    public static int MaxBlocks => TileKernel.MaxBlocks;

    public static int MaxDepth => TileKernel.MaxDepth;

    public static bool ReadsCodes => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(int rows, int blocks, TileOperands* operands) => TCode.Run(TileKernel.Of(isSparse: false, blocks, rows, operands), operands);
}

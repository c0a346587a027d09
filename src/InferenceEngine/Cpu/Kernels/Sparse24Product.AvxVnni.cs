using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>5 × 16 on AVX-VNNI.</summary>
/// <typeparam name="TDot"><see cref="DotU8S8"/>; tests put an exact AVX2 emulation of the instruction here.</typeparam>
internal readonly unsafe struct Sparse24ProductAvxVnni<TDot> : ITileProduct where TDot : struct, ITileOperation
{
    public static int MaxRows => 5;

    public static int MaxBlocks => 1;

    public static int MaxDepth => 1024;

    public static bool ReadsCodes => false;

    public static void Multiply(int rows, int blocks, TileOperands* operands) => Sparse24Tile.Multiply<Bytes>(rows, operands);

    private readonly struct Bytes : ISparse24Operation
    {
        public static int RowCodeBytes => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<byte> Repeat(byte* a) => Vector256.Create(*(long*)a).AsByte();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<int> Accumulate(Vector256<int> acc, Vector256<byte> x, Vector256<byte> w) => TDot.Accumulate(acc, x, w);
    }
}

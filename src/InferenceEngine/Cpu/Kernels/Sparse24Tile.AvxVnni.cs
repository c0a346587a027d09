using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>2:4 tile on AVX-VNNI: a step is two groups of four k, of which each column keeps four codes.</summary>
/// <remarks>Stored block: as <see cref="Sparse24Block.PackForShiftedRows"/> packs it.</remarks>
/// <typeparam name="TDot"><see cref="DotU8S8"/>; tests put an exact AVX2 emulation of the instruction here.</typeparam>
internal readonly unsafe struct Sparse24TileAvxVnni<TDot> : ITile where TDot : struct, ITileOperation
{
    public static int MaxRows => 5;

    public static int MaxBlocks => 1;

    public static int StepDepth => Sparse24Tile.StepDepth;

    public static int MaxDepth => 1024;

    public static int RowCodeBytes => Bytes.RowCodeBytes;

    public static int DepthBytes => Sparse24Tile.DepthBytes;

    public static int StoredDepthBytes => Sparse24Tile.DepthBytes;

    public static void PackRow(sbyte* source, int k, byte* destination) => ByteRows.PackShifted(source, k, destination);

    public static byte* Expand(byte* stored, int depth, byte* panel) => stored;

    public static void PackWeights(sbyte* source, int columns, int k, byte* stored) => Sparse24Block.PackForShiftedRows(source, columns, k, stored);

    public static void Multiply(int rows, int blocks, TileOperands* operands)
    {
        operands->FetchAll();
        Sparse24Tile.Multiply<Bytes>(rows, operands);
    }

    private readonly struct Bytes : ISparse24Operation
    {
        public static int RowCodeBytes => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<byte> Repeat(byte* a) => Vector256.Create(*(long*)a).AsByte();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<int> Accumulate(Vector256<int> acc, Vector256<byte> x, Vector256<byte> w) => TDot.Accumulate(acc, x, w);
    }
}

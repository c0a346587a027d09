using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>2:4 tile on AVX-VNNI: a step is two groups of four k, of which each column keeps four codes.</summary>
/// <remarks>Stored block: as <see cref="Sparse24Block"/> packs it, with start values −128 · column sum (<see cref="ByteRows"/>).</remarks>
/// <typeparam name="TDot"><see cref="DotU8S8"/>; tests put an exact AVX2 emulation of the instruction here.</typeparam>
internal readonly unsafe struct Sparse24TileAvxVnni<TDot> : ITile where TDot : struct, ITileOperation
{
    public static int MaxRows => 5;

    public static int StepDepth => Sparse24Tile.StepDepth;

    public static int MaxDepth => 1024;

    public static int RowCodeBytes => Bytes.RowCodeBytes;

    public static int DepthBytes => Sparse24Tile.DepthBytes;

    public static int StoredDepthBytes => Sparse24Tile.DepthBytes;

    public static void PackRow(sbyte* source, int k, byte* destination) => ByteRows.PackShifted(source, k, destination);

    public static byte* Expand(byte* stored, int depth, byte* panel) => stored;

    public static void PackWeights(sbyte* source, int columns, int k, byte* stored)
    {
        Sparse24Block.Pack(source, columns, k, stored);
        for (var n = 0; n < columns; n++) ((int*)stored)[n] = -128 * ByteRows.Sum(source + (nint)n * k, k);
    }

    public static void Multiply(int rows, byte* a, nint rowBytes, byte* columns, int depth, int* start, nint startStride, int* c, nint stride) =>
        Sparse24Tile.Multiply<Bytes>(rows, a, rowBytes, columns, depth, start, startStride, c, stride);

    private readonly struct Bytes : ISparse24Operation
    {
        public static int RowCodeBytes => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<byte> Repeat(byte* a) => Vector256.Create(*(long*)a).AsByte();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<int> Accumulate(Vector256<int> acc, Vector256<byte> x, Vector256<byte> w) => TDot.Accumulate(acc, x, w);
    }
}

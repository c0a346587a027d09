using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>2:4 tile on AVX2: a step is two groups of four k, of which each column keeps four codes.</summary>
/// <remarks>Stored block: 16 int32 zeros, then for each two groups: 16 columns × 4 magnitudes of kept codes, and 16 columns × 4
/// indices: 0..7 of a positive weight's activation, 8..15 of a negative one's (<see cref="SignedPairMultiplyAdd"/>). Four
/// rows: a register is taken by the ones.</remarks>
internal readonly unsafe struct Sparse24TileAvx2 : ITile
{
    public static int MaxRows => 4;

    public static int MaxBlocks => 1;

    public static int StepDepth => Sparse24Tile.StepDepth;

    public static int MaxDepth => 1024;

    public static int RowCodeBytes => SignedRows.CodeBytes;

    public static int DepthBytes => Sparse24Tile.DepthBytes;

    public static int StoredDepthBytes => Sparse24Tile.DepthBytes;

    public static long RoomForRows(int rows, int k) => RowPacker.Room<SignedRows>(rows, k);

    public static TileRows Rows(Codes codes, int rows, int k, byte* room, bool packed) => RowPacker.Pack<SignedRows>(codes, rows, k, room, packed);

    public static byte* Expand(byte* stored, int depth, byte* panel) => stored;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackWeights(sbyte* source, int columns, int k, byte* stored)
    {
        Sparse24Block.Pack(source, columns, k, stored);
        for (var step = stored + TileSize.HeaderBytes; step < stored + TileSize.StoredBytes<Sparse24TileAvx2>(k); step += Sparse24Tile.StepBytes)
        {
            for (var i = 0; i < Sparse24Tile.IndexOffset; i += 32)
            {
                var codes = Avx.LoadVector256((sbyte*)step + i);
                var eight = Avx2.And(Avx2.CompareGreaterThan(Vector256<sbyte>.Zero, codes), Vector256.Create((sbyte)8)).AsByte();
                Avx2.Abs(codes).Store(step + i);
                Avx2.Add(Avx.LoadVector256(step + Sparse24Tile.IndexOffset + i), eight).Store(step + Sparse24Tile.IndexOffset + i);
            }
        }
    }

    public static void Multiply(int rows, int blocks, TileOperands* operands) => Sparse24Tile.Multiply<SignedPairMultiplyAdd>(rows, operands);
}

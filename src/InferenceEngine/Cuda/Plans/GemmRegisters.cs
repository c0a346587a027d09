using QatKit.InferenceEngine.Cuda.Kernels;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>Registers of the matrix products: with shared memory and threads they decide how many blocks a multiprocessor holds, and a
/// plan must know that before it loads a kernel.</summary>
/// <remarks>Recorded from the assembler's report (docs/kernel-resources.md): the most that any epilogue takes on any target, as they are
/// allotted, in steps of 8. A test compares.</remarks>
internal static class GemmRegisters
{
    // A multiprocessor has four partitions of this many registers; a warp's lie in one of them, in steps of 256.
    private const int PartitionRegisters = 16384, Partitions = 4, WarpStep = 256, WarpThreads = 32;

    // What a thread may have at most, which a tile that nobody recorded is taken to have.
    private const int Most = 255;

    private static readonly Dictionary<GemmTile, (int Dense, int Sparse24)> Tiles = new()
    {
        [new(128, 128, 4, 2, 3)] = (192, 200),
        [new(128, 64, 4, 2, 3)] = (128, 128),
        [new(64, 128, 2, 4, 3)] = (128, 136),
        [new(64, 64, 2, 2, 4)] = (128, 152),
        [new(64, 32, 2, 2, 4)] = (88, 96),
        [new(32, 64, 1, 4, 4)] = (88, 96),
        [new(32, 32, 1, 2, 4)] = (96, 112),
    };

    /// <summary>Registers of a thread. A warpgroup product begins with as many as all threads of a multiprocessor can have.</summary>
    public static int Of(GemmChoice choice, bool sparse24) => choice switch
    {
        TileChoice { Tile: var tile } when Tiles.TryGetValue(tile, out var recorded) => sparse24 ? recorded.Sparse24 : recorded.Dense,
        WarpgroupChoice { Tile: var tile } => WarpgroupGemmVariant.Registers(tile),
        _ => Most,
    };

    /// <summary>Blocks whose registers a multiprocessor has.</summary>
    public static int Blocks(int registers, int threads)
    {
        var warp = (registers * WarpThreads + WarpStep - 1) / WarpStep * WarpStep;
        return PartitionRegisters / warp * Partitions / (threads / WarpThreads);
    }
}

using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Kernels;
using QatKit.InferenceEngine.Cuda.Packing;

namespace QatKit.InferenceEngine.Cuda.Plans;

/// <summary>What a product would take on a device, roughly.</summary>
/// <remarks>Counts, for the busiest multiprocessor, the clocks of the tensor cores, of shared memory and of the copies from the second-level
/// cache, whichever is most; those of the instructions that finish the sums, which another block of the multiprocessor can hide; a fixed price for a
/// round of blocks; and the traffic of split sums. Its constants are arithmetic from published rates and from the kernels' machine code, not
/// measurements: it ranks choices, it does not predict times.</remarks>
internal sealed class GemmModel(CudaDevice device)
{
    // int8 multiply-adds per clock and multiprocessor. A 2:4 mma does 1.4 times the work of a dense one (measured by others), a 2:4 wgmma
    // twice, unless shared memory has not enough tokens for it.
    private const double TileRate = 2048;
    private const double TileSparseGain = 1.4;
    private const double WarpgroupRate = 4096;
    private const double WarpgroupSparseGain = 2;
    private const double SharedBytesPerClock = 128;

    // What a multiprocessor can take from the second-level cache, and its share when all of them ask: of 3900 to 4800 bytes per clock for the 132
    // of an H100 (measured by others), of 5120 for the 108 of an A100 (its maker's).
    private const double PortBytesPerClock = 64;
    private const double HopperL2BytesPerClock = 33;
    private const double L2BytesPerClock = 47;
    private const double RoundClocks = 1500;
    private const double SplitBytesPerClock = 16;
    private const int WarpThreads = 32, Schedulers = 4;

    // Rows of A of one warpgroup instruction: for each of them all tokens are read.
    private const int WarpgroupRows = 64;

    /// <summary>Rounds of blocks, as a fraction, and thousands of clocks.</summary>
    public (double Waves, double Kilocycles) Estimate(GemmProblem problem, GemmChoice choice)
    {
        var definition = choice.Define(problem);
        var blocks = choice.Grid(problem).Blocks;
        var resident = Resident(choice, definition, problem.Sparse24);
        var busiest = LaunchGrid.DivideUp(blocks, device.Multiprocessors);
        double area = choice.TileFeatures * choice.TileTokens;

        var steps = LaunchGrid.DivideUp(problem.Steps, choice.Splits);
        var multiply = steps * Math.Max(busiest * MultiplyClocks(problem, choice, area), CopyClocks(problem, choice, busiest, blocks));
        var finish = area * EpilogueInstructions(problem.Epilogue) / (WarpThreads * Math.Min(Schedulers, definition.Threads / WarpThreads));
        // Of several blocks one can finish its sums while another multiplies; the last has nobody to do so.
        var clocks = resident > 1 && busiest > 1 ? Math.Max(multiply, busiest * finish) + finish : multiply + busiest * finish;
        clocks += LaunchGrid.DivideUp(busiest, resident) * RoundClocks;
        if (choice.Splits > 1) clocks += busiest * area * sizeof(int) / SplitBytesPerClock;
        return ((double)blocks / (device.Multiprocessors * resident), clocks / 1000);
    }

    // Of a block and step of K.
    private static double MultiplyClocks(GemmProblem problem, GemmChoice choice, double area)
    {
        var products = area * GemmVariant.TileDepth;
        if (choice is not WarpgroupChoice) return products / (TileRate * (problem.Sparse24 ? TileSparseGain : 1));
        // The tokens are written once and read by every instruction.
        var shared = choice.TileTokens * GemmVariant.TileDepth * (choice.TileFeatures / WarpgroupRows + 1) / SharedBytesPerClock;
        return Math.Max(products / (WarpgroupRate * (problem.Sparse24 ? WarpgroupSparseGain : 1)), shared);
    }

    // Of a step of K: what the busiest multiprocessor receives, or what the cache sends to all.
    private double CopyClocks(GemmProblem problem, GemmChoice choice, int busiest, int blocks)
    {
        double weights = choice.TileFeatures / WeightLayout.GroupFeatures * GemmVariant.GroupBytes(problem.Sparse24), tokens = choice.TileTokens * GemmVariant.TileDepth;
        var share = device.IsHopper ? HopperL2BytesPerClock : L2BytesPerClock;
        return Math.Max(busiest * (weights + tokens) / PortBytesPerClock, blocks * (weights + tokens / choice.Cluster) / (share * device.Multiprocessors));
    }

    // Of a sum, as the assembler makes them.
    private static int EpilogueInstructions(GemmEpilogue epilogue) => (epilogue.Residual ? 3 : 0) + (epilogue.Output == OutputType.Float32 ? 5 : 7)
        + epilogue.Activation switch
        {
            GemmActivation.Gelu => 22,
            GemmActivation.Tanh => 30,
            _ => 0,
        };

    // Blocks that a multiprocessor holds: what limits them is shared memory (1 KB of each is the system's), threads or registers.
    private int Resident(GemmChoice choice, KernelDefinition definition, bool sparse24)
    {
        var threads = device.Capability is 80 or 90 ? 2048 : 1536;
        var shared = device.SharedBytesPerMultiprocessor / (definition.SharedBytes + KernelDefinition.StaticSharedBytes);
        return Math.Max(1, Math.Min(Math.Min(shared, threads / definition.Threads), GemmRegisters.Blocks(GemmRegisters.Of(choice, sparse24), definition.Threads)));
    }
}

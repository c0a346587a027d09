using QatKit.InferenceEngine.Cpu.MachineCode;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>The 512-bit tiles as machine code of this process, written when the first of them is asked for.</summary>
internal readonly unsafe struct NativeTileCode : ITileCode
{
    /// <summary>Why there is no code; empty when there is.</summary>
    public static string Problem => Table.Problem;

    /// <summary>Multiply-adds of one step of <see cref="RunPeak"/>.</summary>
    public static int PeakAccumulators => PeakProgram.Accumulators;

    // A call takes half a microsecond (a tile of attention) to some sixty (192 rows of K = 3072, or one tile of a context of 65 536 keys): leaving the runtime
    // properly would cost a fiftieth of the one, and the garbage collector can wait as long as the other.
    public static void Run(TileKernel kernel, TileOperands* operands) =>
        ((delegate* unmanaged[SuppressGCTransition]<TileOperands*, void>)Table.Entries[kernel.Index])(operands);

    /// <summary>Repeats <c>vpdpbusd</c> on registers, and returns <paramref name="steps"/>.</summary>
    /// <param name="steps">At least 1: the loop asks after each step whether there is another.</param>
    public static int RunPeak(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(steps);
        ((delegate* unmanaged<nint, void>)Table.Entries[TileKernel.All.Count])(steps);
        return steps;
    }

    private static class Table
    {
        static Table()
        {
            var placed = new PlacedTileCode(ExecutableMemory.TryPlace);
            Problem = placed.Problem;
            Entries = placed.Entries;
        }

        public static readonly string Problem;

        public static readonly nint[] Entries;
    }
}

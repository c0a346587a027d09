using QatKit.InferenceEngine.Cpu.MachineCode;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>The 512-bit tiles as machine code of this process, written when the first of them is asked for.</summary>
internal readonly unsafe struct NativeTileCode : ITileCode
{
    /// <summary>Why there is no code; empty when there is.</summary>
    public static string Problem => Table.Problem;

    /// <summary>Multiply-adds of one step of <see cref="RunPeak"/>.</summary>
    public static int PeakAccumulators => PeakProgram.Accumulators;

    // A tile takes a microsecond (K = 768) to some sixty (a context of 65 536 keys): leaving the runtime properly would cost a hundredth of the one, and the garbage
    // collector can wait as long as the other.
    public static void Run(TileKernel kernel, TileOperands* operands) =>
        ((delegate* unmanaged[SuppressGCTransition]<TileOperands*, void>)Table.Entries[kernel.Index])(operands);

    /// <summary>Repeats <c>vpdpbusd</c> on registers, and returns <paramref name="steps"/>.</summary>
    public static int RunPeak(int steps)
    {
        ((delegate* unmanaged<nint, void>)Table.Entries[TileKernel.All.Count])(steps);
        return steps;
    }

    private static class Table
    {
        private const int Alignment = 64;

        static Table()
        {
            var windows = OperatingSystem.IsWindows();
            byte[][] programs = [.. TileKernel.All.Select(k => TileProgram.Write(k, windows)), PeakProgram.Write(windows)];
            var all = new List<byte>();
            var offsets = new int[programs.Length];
            for (var i = 0; i < programs.Length; i++)
            {
                while (all.Count % Alignment != 0) all.Add(0xCC); // int3: nobody comes here
                offsets[i] = all.Count;
                all.AddRange(programs[i]);
            }

            var start = ExecutableMemory.TryPlace(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(all), out var problem);
            Problem = problem;
            Entries = Array.ConvertAll(offsets, offset => (nint)start + offset);
        }

        public static readonly string Problem;

        public static readonly nint[] Entries;
    }
}

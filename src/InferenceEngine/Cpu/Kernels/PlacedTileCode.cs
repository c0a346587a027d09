using System.Runtime.InteropServices;
using QatKit.InferenceEngine.Cpu.MachineCode;

namespace QatKit.InferenceEngine.Cpu.Kernels;

/// <summary>The machine code of every 512-bit tile, and of the loop that measures their peak, where a process can call it.</summary>
internal sealed unsafe class PlacedTileCode
{
    private const int Alignment = 64;

    /// <summary>Copies code into executable memory; null, and why, where there is none.</summary>
    public delegate byte* Placing(ReadOnlySpan<byte> code, out string problem);

    /// <param name="place">Asked once, for all programs together; <see cref="ExecutableMemory.TryPlace(ReadOnlySpan{byte}, out string)"/>.</param>
    /// <remarks>Never throws: whatever goes wrong, there is another tier.</remarks>
    public PlacedTileCode(Placing place)
    {
        try
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

            var start = place(CollectionsMarshal.AsSpan(all), out var problem);
            Problem = problem;
            if (start is not null) Entries = Array.ConvertAll(offsets, offset => (nint)start + offset);
        }
        catch (Exception e)
        {
            Problem = $"machine code could not be placed ({e.GetType().Name}: {e.Message})";
        }
    }

    /// <summary>Why there is no code; empty when there is.</summary>
    public string Problem { get; }

    /// <summary>Where each tile begins, by <see cref="TileKernel.Index"/>, and then the loop; none where there is a problem.</summary>
    public nint[] Entries { get; } = [];
}

using QatKit.InferenceEngine.Cpu.Kernels;

namespace QatKit.InferenceEngine.Tests.MachineCode;

/// <summary>Where the tiles' machine code lies, and what is said when it lies nowhere.</summary>
public sealed unsafe class PlacedTileCodeTests
{
    [Fact]
    public void Every_program_lies_at_its_entry_on_a_cache_line()
    {
        byte[] all = [];
        const nint Start = 0x10000;
        var placed = new PlacedTileCode((code, out problem) =>
        {
            all = code.ToArray();
            problem = "";
            return (byte*)Start;
        });
        Assert.Equal("", placed.Problem);
        byte[][] programs = [.. TileKernel.All.Select(k => TileProgram.Write(k, OperatingSystem.IsWindows())), PeakProgram.Write(OperatingSystem.IsWindows())];
        Assert.Equal(programs.Length, placed.Entries.Length);
        for (var i = 0; i < programs.Length; i++)
        {
            Assert.Equal(0, placed.Entries[i] % 64);
            Assert.Equal(programs[i], all.AsSpan((int)(placed.Entries[i] - Start), programs[i].Length));
        }
    }

    [Fact]
    public void A_refusal_is_a_problem_and_leaves_nothing_to_call()
    {
        var placed = new PlacedTileCode((code, out problem) =>
        {
            problem = "refused";
            return null;
        });
        Assert.Equal("refused", placed.Problem);
        Assert.Empty(placed.Entries);
    }

    [Fact]
    public void A_failure_that_nobody_expects_is_a_problem_and_no_exception()
    {
        foreach (var failure in new Exception[] { new EntryPointNotFoundException("no mmap"), new DllNotFoundException("no libc"), new InsufficientMemoryException("no memory") })
        {
            var placed = new PlacedTileCode((code, out problem) => throw failure);
            Assert.Equal($"machine code could not be placed ({failure.GetType().Name}: {failure.Message})", placed.Problem);
            Assert.Empty(placed.Entries);
        }
    }
}

using System.Globalization;
using System.Runtime.InteropServices;
using QatKit.InferenceEngine.Cpu.MachineCode;

namespace QatKit.InferenceEngine.Tests.MachineCode;

/// <summary>Memory for machine code: what lies in it runs, and nobody can write to it any more.</summary>
public sealed unsafe class ExecutableMemoryTests
{
    private static readonly byte[] Identity = ReturnOf(OperatingSystem.IsWindows() ? Gpr.Rcx : Gpr.Rdi);

    [Fact]
    public void What_was_placed_runs()
    {
        var code = Place();
        Assert.Equal(Identity, new ReadOnlySpan<byte>(code, Identity.Length));
        Assert.Equal(0x1234_5678_9abcUL, ((delegate* unmanaged<ulong, ulong>)code)(0x1234_5678_9abc));
    }

    [Fact]
    public void What_was_placed_can_be_read_and_executed_but_not_written()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux lists the memory of a process in a file.");
        Assert.Equal("r-xp", Permissions((nuint)Place()));
        // The question is one that can be answered otherwise.
        var writable = stackalloc byte[1];
        Assert.Equal("rw-p", Permissions((nuint)writable));
    }

    [Fact]
    public void A_refusal_names_the_call_and_the_systems_reason()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64, "The reasons are those of Linux.");
        // No bytes at all is what every Linux refuses.
        Assert.True(ExecutableMemory.TryPlace([], out var problem) is null);
        Assert.Equal("memory for machine code was refused (mmap: error 22, Invalid argument)", problem);
    }

    [Theory]
    [InlineData(Architecture.X86)]
    [InlineData(Architecture.Arm64)]
    public void Only_a_64_bit_process_of_this_kind_gets_such_memory(Architecture process)
    {
        Assert.True(ExecutableMemory.TryPlace(Identity, process, out var problem) is null);
        Assert.Equal("its machine code is for 64-bit processes on Linux and Windows only", problem);
    }

    private static byte* Place()
    {
        var code = ExecutableMemory.TryPlace(Identity, out var problem);
        Assert.SkipWhen(code is null, problem);
        Assert.Equal("", problem);
        return code;
    }

    private static byte[] ReturnOf(Gpr argument)
    {
        var code = new CodeWriter();
        code.Move(Gpr.Rax, argument);
        code.Return();
        return code.ToArray();
    }

    // A line: begin-end permissions and more.
    private static string Permissions(nuint address)
    {
        foreach (var line in File.ReadLines("/proc/self/maps"))
        {
            var parts = line.Split('-', ' ');
            if (Hex(parts[0]) <= address && address < Hex(parts[1])) return line.Split(' ')[1];
        }

        throw new InvalidOperationException($"No memory at {address:x}.");
    }

    private static nuint Hex(string text) => nuint.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}

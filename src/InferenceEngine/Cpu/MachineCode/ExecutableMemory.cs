using System.Runtime.InteropServices;

namespace QatKit.InferenceEngine.Cpu.MachineCode;

/// <summary>Machine code in memory of its own: written first, then executable, never both.</summary>
internal static unsafe partial class ExecutableMemory
{
    /// <summary>Copies code into new memory, which stays for the life of the process.</summary>
    /// <param name="code">The code; position-independent.</param>
    /// <param name="problem">Why not, when the result is null: hardened systems refuse.</param>
    public static byte* TryPlace(ReadOnlySpan<byte> code, out string problem) => TryPlace(code, RuntimeInformation.ProcessArchitecture, out problem);

    /// <inheritdoc cref="TryPlace(ReadOnlySpan{byte}, out string)"/>
    /// <param name="code">The code; position-independent.</param>
    /// <param name="process">What this process is: a processor of 64 bits runs processes of 32 bits too.</param>
    /// <param name="problem">Why not, when the result is null.</param>
    internal static byte* TryPlace(ReadOnlySpan<byte> code, Architecture process, out string problem)
    {
        if (process == Architecture.X64 && OperatingSystem.IsLinux()) return Linux(code, out problem);
        if (process == Architecture.X64 && OperatingSystem.IsWindows()) return Windows(code, out problem);
        problem = "its machine code is for 64-bit processes on Linux and Windows only";
        return null;
    }

    private static byte* Linux(ReadOnlySpan<byte> code, out string problem)
    {
        const int Read = 1, Write = 2, Execute = 4, Private = 2, Anonymous = 0x20;
        problem = "";
        var memory = mmap(0, (nuint)code.Length, Read | Write, Private | Anonymous, -1, 0);
        if (memory == -1)
        {
            problem = Problem("mmap");
            return null;
        }

        code.CopyTo(new Span<byte>((void*)memory, code.Length));
        if (mprotect(memory, (nuint)code.Length, Read | Execute) == 0) return (byte*)memory;
        problem = Problem("mprotect");
        _ = munmap(memory, (nuint)code.Length);
        return null;
    }

    private static byte* Windows(ReadOnlySpan<byte> code, out string problem)
    {
        const nint CurrentProcess = -1;
        const uint Commit = 0x1000, Reserve = 0x2000, Release = 0x8000, ReadWrite = 0x04, ExecuteRead = 0x20;
        problem = "";
        var memory = VirtualAlloc(0, (nuint)code.Length, Commit | Reserve, ReadWrite);
        if (memory == 0)
        {
            problem = Problem("VirtualAlloc");
            return null;
        }

        code.CopyTo(new Span<byte>((void*)memory, code.Length));
        if (VirtualProtect(memory, (nuint)code.Length, ExecuteRead, out _) != 0)
        {
            // What Windows asks for; a processor of this kind sees what was written by itself.
            _ = FlushInstructionCache(CurrentProcess, memory, (nuint)code.Length);
            return (byte*)memory;
        }

        problem = Problem("VirtualProtect");
        _ = VirtualFree(memory, 0, Release);
        return null;
    }

    private static string Problem(string call)
    {
        var error = Marshal.GetLastPInvokeError();
        return $"memory for machine code was refused ({call}: error {error}, {Marshal.GetPInvokeErrorMessage(error)})";
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mprotect(nint address, nuint length, int protection);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(nint address, nuint length);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial nint VirtualAlloc(nint address, nuint size, uint type, uint protection);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial int VirtualProtect(nint address, nuint size, uint protection, out uint old);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial int VirtualFree(nint address, nuint size, uint type);

    [LibraryImport("kernel32")]
    private static partial int FlushInstructionCache(nint process, nint address, nuint size);
}

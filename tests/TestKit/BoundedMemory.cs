using System.ComponentModel;
using System.Runtime.InteropServices;

namespace QatKit.TestKit;

/// <summary>Which end of a <see cref="BoundedMemory"/> touches a page that may not be touched.</summary>
public enum MemoryEdge
{
    /// <summary>The byte after the last one is forbidden.</summary>
    End,

    /// <summary>The byte before the first one is forbidden.</summary>
    Start,
}

/// <summary>Memory between two pages that may not be touched, lying directly against one of them: any read or write beyond that
/// edge ends the process, and so does one that is a page off at the other edge.</summary>
public sealed unsafe class BoundedMemory : IDisposable
{
    private static readonly nuint Page = (nuint)Environment.SystemPageSize;
    private readonly nint _mapping;
    private readonly nuint _mappedBytes;

    /// <summary>Reserves memory, filled with <paramref name="fill"/>.</summary>
    /// <param name="bytes">Size, at least 0.</param>
    /// <param name="fill">Initial value of every byte: something that shows when it is read or left behind by mistake.</param>
    /// <param name="edge">The end that is guarded to the byte.</param>
    public BoundedMemory(long bytes, byte fill = 0xA5, MemoryEdge edge = MemoryEdge.End)
    {
        Bytes = bytes;
        var usable = ((nuint)bytes + Page - 1) / Page * Page;
        _mappedBytes = usable + 2 * Page;
        _mapping = OperatingSystem.IsWindows() ? ReserveWindows(usable) : ReserveUnix(usable);
        var first = (byte*)_mapping + Page;
        Pointer = edge == MemoryEdge.Start ? first : first + usable - bytes;
        new Span<byte>(first, checked((int)usable)).Fill(fill);
    }

    /// <summary>Start of the memory.</summary>
    public byte* Pointer { get; }

    /// <summary>Size.</summary>
    public long Bytes { get; }

    /// <summary>Bounded copy of values.</summary>
    public static BoundedMemory Of<T>(ReadOnlySpan<T> values, MemoryEdge edge = MemoryEdge.End)
        where T : unmanaged
    {
        var memory = new BoundedMemory((long)values.Length * sizeof(T), edge: edge);
        values.CopyTo(new Span<T>(memory.Pointer, values.Length));
        return memory;
    }

    /// <summary>The content as values.</summary>
    public T[] ToArray<T>()
        where T : unmanaged => new ReadOnlySpan<T>(Pointer, (int)(Bytes / sizeof(T))).ToArray();

    /// <summary>Returns the memory.</summary>
    public void Dispose()
    {
        if (OperatingSystem.IsWindows()) _ = VirtualFree(_mapping, 0, MemRelease);
        else _ = Unmap(_mapping, _mappedBytes);
    }

    private nint ReserveUnix(nuint usable)
    {
        const int none = 0, readWrite = 3, mapPrivate = 2;
        var anonymous = OperatingSystem.IsMacOS() ? 0x1000 : 0x20;
        var mapping = Map(0, _mappedBytes, none, mapPrivate | anonymous, -1, 0);
        if (mapping == -1 || (usable > 0 && Protect(mapping + (nint)Page, usable, readWrite) != 0)) throw new Win32Exception();
        return mapping;
    }

    private nint ReserveWindows(nuint usable)
    {
        const uint commit = 0x1000, reserve = 0x2000, noAccess = 1, readWrite = 4;
        var mapping = VirtualAlloc(0, _mappedBytes, reserve, noAccess);
        if (mapping == 0 || (usable > 0 && VirtualAlloc(mapping + (nint)Page, usable, commit, readWrite) == 0)) throw new Win32Exception();
        return mapping;
    }

    private const uint MemRelease = 0x8000;

    [DllImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static extern nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [DllImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static extern int Protect(nint address, nuint length, int protection);

    [DllImport("libc", EntryPoint = "munmap")]
    private static extern int Unmap(nint address, nuint length);

    [DllImport("kernel32", SetLastError = true)]
    private static extern nint VirtualAlloc(nint address, nuint size, uint type, uint protection);

    [DllImport("kernel32")]
    private static extern int VirtualFree(nint address, nuint size, uint type);
}

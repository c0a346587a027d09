using System.ComponentModel;
using System.Runtime.InteropServices;

namespace QatKit.TestKit;

/// <summary>Memory whose last byte is followed at once by a page that may not be touched: any read or write beyond the end
/// ends the test process.</summary>
/// <remarks>On Linux and macOS; elsewhere it is plain memory of the exact size.</remarks>
public sealed unsafe class BoundedMemory : IDisposable
{
    private const int ProtectNone = 0, ProtectReadWrite = 3, MapPrivate = 2;
    private readonly nint _mapping;
    private readonly nuint _mappedBytes;

    /// <summary>Reserves memory, filled with <paramref name="fill"/>.</summary>
    /// <param name="bytes">Size, at least 0.</param>
    /// <param name="fill">Initial value of every byte: something that shows when it is read or left behind by mistake.</param>
    public BoundedMemory(long bytes, byte fill = 0xA5)
    {
        Bytes = bytes;
        if (OperatingSystem.IsWindows())
        {
            _mapping = (nint)NativeMemory.Alloc((nuint)Math.Max(1, bytes));
            Pointer = (byte*)_mapping;
        }
        else
        {
            var page = (nuint)Environment.SystemPageSize;
            var usable = ((nuint)bytes + page - 1) / page * page;
            _mappedBytes = usable + page;
            var anonymous = OperatingSystem.IsMacOS() ? 0x1000 : 0x20;
            _mapping = Map(0, _mappedBytes, ProtectReadWrite, MapPrivate | anonymous, -1, 0);
            if (_mapping == -1 || Protect(_mapping + (nint)usable, page, ProtectNone) != 0) throw new Win32Exception();
            Pointer = (byte*)_mapping + usable - bytes;
        }

        new Span<byte>(Pointer, checked((int)bytes)).Fill(fill);
    }

    /// <summary>Start; the memory ends at <c>Pointer + Bytes</c>.</summary>
    public byte* Pointer { get; }

    /// <summary>Size.</summary>
    public long Bytes { get; }

    /// <summary>Bounded copy of values.</summary>
    public static BoundedMemory Of<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var memory = new BoundedMemory((long)values.Length * sizeof(T));
        values.CopyTo(new Span<T>(memory.Pointer, values.Length));
        return memory;
    }

    /// <summary>The content as values.</summary>
    public T[] ToArray<T>()
        where T : unmanaged => new ReadOnlySpan<T>(Pointer, (int)(Bytes / sizeof(T))).ToArray();

    /// <summary>Returns the memory.</summary>
    public void Dispose()
    {
        if (OperatingSystem.IsWindows()) NativeMemory.Free((void*)_mapping);
        else _ = Unmap(_mapping, _mappedBytes);
    }

    [DllImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static extern nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [DllImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static extern int Protect(nint address, nuint length, int protection);

    [DllImport("libc", EntryPoint = "munmap")]
    private static extern int Unmap(nint address, nuint length);
}

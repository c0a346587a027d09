using System.Runtime.InteropServices;

namespace QatKit.InferenceEngine.Tests.Cuda.Emulation;

/// <summary>Buffers for emulated kernels: aligned as device memory is, poisoned where nothing was written, fenced on both sides.</summary>
internal sealed unsafe class DeviceMemory : IDisposable
{
    private const int Alignment = 256;
    private const byte Poison = 0xCD;
    private const byte Fence = 0xFE;
    private readonly List<(nint Base, int Bytes)> _blocks = [];

    /// <summary>A buffer with the given content; its address.</summary>
    public ulong Upload<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var address = Allocate<T>(values.Length);
        values.CopyTo(new Span<T>((void*)address, values.Length));
        return address;
    }

    /// <inheritdoc cref="Upload{T}(ReadOnlySpan{T})"/>
    public ulong Upload<T>(T[] values)
        where T : unmanaged => Upload<T>(values.AsSpan());

    /// <summary>Rows at a pitch; the gap behind each row keeps the poison.</summary>
    public ulong UploadRows<T>(ReadOnlySpan<T> values, int columns, int pitch)
        where T : unmanaged
    {
        var rows = values.Length / columns;
        var address = Allocate<T>(rows * pitch);
        for (var r = 0; r < rows; r++) values.Slice(r * columns, columns).CopyTo(new Span<T>((T*)address + r * pitch, columns));
        return address;
    }

    /// <summary>A poisoned buffer of <paramref name="count"/> elements.</summary>
    public ulong Allocate<T>(int count)
        where T : unmanaged
    {
        var bytes = count * sizeof(T);
        var start = (nint)NativeMemory.AlignedAlloc((nuint)(bytes + 2 * Alignment), Alignment);
        new Span<byte>((void*)start, bytes + 2 * Alignment).Fill(Fence);
        new Span<byte>((byte*)start + Alignment, bytes).Fill(Poison);
        _blocks.Add((start, bytes));
        return (ulong)(start + Alignment);
    }

    /// <summary>A buffer of zeros.</summary>
    public ulong Zeros<T>(int count)
        where T : unmanaged => Upload<T>(new T[count]);

    /// <summary>Copy of a buffer's first elements.</summary>
    public static T[] Download<T>(ulong address, int count)
        where T : unmanaged => new Span<T>((void*)address, count).ToArray();

    /// <summary>Copy of rows at a pitch. Fails where a gap behind a row was written.</summary>
    public static T[] DownloadRows<T>(ulong address, int rows, int columns, int pitch)
        where T : unmanaged
    {
        var values = new T[rows * columns];
        for (var r = 0; r < rows; r++)
        {
            new Span<T>((T*)address + r * pitch, columns).CopyTo(values.AsSpan(r * columns));
            var gap = new Span<byte>((T*)address + r * pitch + columns, (pitch - columns) * sizeof(T));
            Assert.False(gap.ContainsAnyExcept(Poison), $"row {r} of {rows} x {columns}: bytes behind the row were written");
        }

        return values;
    }

    /// <summary>Frees everything; fails where a kernel wrote beside a buffer.</summary>
    public void Dispose()
    {
        var broken = 0;
        foreach (var (start, bytes) in _blocks)
        {
            var before = new Span<byte>((void*)start, Alignment);
            var after = new Span<byte>((byte*)start + Alignment + bytes, Alignment);
            if (before.ContainsAnyExcept(Fence) || after.ContainsAnyExcept(Fence)) broken++;
            NativeMemory.AlignedFree((void*)start);
        }

        _blocks.Clear();
        Assert.True(broken == 0, $"{broken} buffers were written outside their bounds");
    }
}

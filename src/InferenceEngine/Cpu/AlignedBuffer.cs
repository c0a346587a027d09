using System.Runtime.InteropServices;

namespace QatKit.InferenceEngine.Cpu;

/// <summary>Zeroed memory that does not move and starts on a cache line. The garbage collector owns it:
/// whoever uses <see cref="Pointer"/> keeps the object reachable.</summary>
internal sealed unsafe class AlignedBuffer
{
    private const int Alignment = 64;

    // Referenced so that the pointer stays valid. Of cache lines, because an array of bytes ends at 2 GB.
    private readonly Line[] _memory;

    public AlignedBuffer(long bytes)
    {
        _memory = GC.AllocateArray<Line>(checked((int)(Size<byte>(bytes) / Alignment + 1)), pinned: true);
        fixed (Line* start = _memory)
        {
            Pointer = (byte*)(((nuint)start + Alignment - 1) & ~(nuint)(Alignment - 1));
        }

        Bytes = bytes;
    }

    public byte* Pointer { get; }

    public long Bytes { get; }

    /// <summary>Room for <paramref name="count"/> values of T, rounded up to whole cache lines.</summary>
    public static long Size<T>(long count) where T : unmanaged => (count * sizeof(T) + Alignment - 1) & ~(long)(Alignment - 1);

    [StructLayout(LayoutKind.Sequential, Size = Alignment)]
    private readonly struct Line;
}

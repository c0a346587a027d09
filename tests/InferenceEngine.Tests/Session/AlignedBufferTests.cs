using QatKit.InferenceEngine.Cpu;

namespace QatKit.InferenceEngine.Tests.Session;

/// <summary>Memory of any size on cache lines.</summary>
public sealed unsafe class AlignedBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData((1L << 31) + 4096)] // More than an array of bytes can have. Only the pages that are written are taken.
    public void First_and_last_bytes_are_its_own(long bytes)
    {
        var buffer = new AlignedBuffer(bytes);
        Assert.Equal(bytes, buffer.Bytes);
        Assert.Equal(0, (nint)buffer.Pointer % 64);
        if (bytes == 0) return;
        Assert.Equal(0, buffer.Pointer[bytes - 1]);
        buffer.Pointer[0] = 1;
        buffer.Pointer[bytes - 1] = 2;
        Assert.Equal((byte)(bytes == 1 ? 2 : 1), buffer.Pointer[0]);
        Assert.Equal(2, buffer.Pointer[bytes - 1]);
        GC.KeepAlive(buffer);
    }
}

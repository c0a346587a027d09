namespace QatKit.InferenceEngine.Cpu;

/// <summary>Working memory of one worker. It grows to the largest request and stays, so a steady load allocates nothing.</summary>
internal sealed unsafe class WorkerScratch
{
    private AlignedBuffer _buffer = new(4096);

    /// <summary>At least <paramref name="bytes"/> bytes on a cache line. The content is undefined; valid until the next call.</summary>
    public byte* Get(long bytes)
    {
        if (bytes > _buffer.Bytes) _buffer = new AlignedBuffer(bytes + bytes / 4);
        return _buffer.Pointer;
    }
}

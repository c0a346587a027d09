namespace QatKit.InferenceEngine.Cpu;

/// <summary>Working memory of one worker. It grows to the largest request and stays, so a steady load allocates nothing.</summary>
internal sealed unsafe class WorkerScratch
{
    private AlignedBuffer _buffer = new(4096);
    private AlignedBuffer _sums = new(0);

    /// <summary>This worker's part of the sums of each row, [rows]; see <see cref="LinearOutput.Sums"/>.</summary>
    public RowSums* Sums => (RowSums*)_sums.Pointer;

    /// <summary>At least <paramref name="bytes"/> bytes on a cache line. The content is undefined; valid until the next call.</summary>
    public byte* Get(long bytes)
    {
        if (bytes > _buffer.Bytes) _buffer = new AlignedBuffer(bytes + bytes / 4);
        return _buffer.Pointer;
    }

    /// <summary>Zeroes <see cref="Sums"/>.</summary>
    public void ClearSums(int rows)
    {
        var bytes = (long)rows * sizeof(RowSums);
        if (bytes > _sums.Bytes) _sums = new AlignedBuffer(bytes + bytes / 4);
        else new Span<byte>(_sums.Pointer, (int)bytes).Clear();
    }
}

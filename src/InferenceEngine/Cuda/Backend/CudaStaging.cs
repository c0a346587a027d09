using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Plans;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>Page-locked memory through which token ids go to the device and logits come back; graphs hold its addresses.</summary>
internal sealed class CudaStaging : IDisposable
{
    private readonly PinnedMemory _input;
    private readonly PinnedMemory _logits;
    private readonly int _pitch;

    public CudaStaging(ICudaDriver driver, CudaContext context, CudaArena arena, int logitsPitch)
    {
        _pitch = logitsPitch;
        _input = driver.AllocatePinned(context, CudaArena.InputBytes(new Bucket(arena.MaxTokens, arena.MaxSequences, 1)), "the token ids");
        _logits = driver.AllocatePinned(context, arena.Logits.Bytes, "the logits");
    }

    /// <summary>Writes ids, types, positions, first tokens and offsets in the order of <see cref="CudaArena.Input"/>; unused tokens
    /// get id 0, unused sequences are empty.</summary>
    public void WriteInput(BatchPass pass)
    {
        var (batch, bucket) = (pass.Batch, pass.Bucket);
        var all = _input.AsSpan<int>(0, (int)(CudaArena.InputBytes(bucket) / sizeof(int)));
        all.Clear();
        batch.InputIds.Slice(pass.FirstToken, pass.Tokens).CopyTo(all);
        batch.TokenTypeIds.Slice(pass.FirstToken, pass.Tokens).CopyTo(all[bucket.Tokens..]);
        var positions = all.Slice(2 * bucket.Tokens, bucket.Tokens);
        var firsts = all.Slice(3 * bucket.Tokens, bucket.Sequences);
        var offsets = all[(3 * bucket.Tokens + bucket.Sequences)..];
        for (var b = 0; b < pass.Count; b++)
        {
            var start = batch.Offsets[pass.First + b] - pass.FirstToken;
            firsts[b] = offsets[b] = start;
            for (var i = 0; i < batch.LengthOf(pass.First + b); i++) positions[start + i] = i;
        }

        offsets[pass.Count..].Fill(pass.Tokens);
    }

    /// <summary>Enqueues the copy to the device.</summary>
    public void CopyInput(ICudaDriver driver, CudaStream stream, CudaArena arena, Bucket bucket) =>
        driver.CopyToDevice(stream, arena.Input.Slice(0, CudaArena.InputBytes(bucket)), _input, 0);

    /// <summary>Enqueues the copy of the logits.</summary>
    public void CopyLogits(ICudaDriver driver, CudaStream stream, CudaArena arena, Bucket bucket) =>
        driver.CopyToHost(stream, _logits, 0, arena.Logits.Slice(0, (long)bucket.Sequences * _pitch * sizeof(float)));

    /// <summary>Takes the pass's logits out of their padded rows into [B, C].</summary>
    public void ReadLogits(BatchPass pass, int classes, Span<float> logits)
    {
        for (var b = 0; b < pass.Count; b++)
            _logits.AsSpan<float>((long)b * _pitch * sizeof(float), classes).CopyTo(logits[((pass.First + b) * classes)..]);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        _input.Dispose();
        _logits.Dispose();
    }
}

using System.Numerics;
using QatKit.InferenceEngine.Cuda.Driver;
using QatKit.InferenceEngine.Cuda.Plans;

namespace QatKit.InferenceEngine.Cuda.Backend;

/// <summary>All memory that a pass writes, allocated once: graphs hold these addresses.</summary>
/// <remarks>T tokens, B sequences, Hp, Fp and Cp padded widths of hidden, FFN and logits.</remarks>
internal sealed class CudaArena : IDisposable
{
    private readonly DeviceMemory _memory;

    public CudaArena(ICudaDriver driver, CudaContext context, CudaStream stream, CudaModel model, int maxTokens)
    {
        MaxTokens = maxTokens;
        MaxSequences = (int)BitOperations.RoundUpToPowerOf2((uint)maxTokens);
        long t = maxTokens, b = MaxSequences, h = model.HiddenPitch, f = model.IntermediatePitch, codes = model.NeedsInt16 ? sizeof(short) : 1;
        var layout = new (long Bytes, Action<DeviceRange> Set)[]
        {
            (InputBytes(new Bucket(maxTokens, MaxSequences, 1)), r => Input = r),
            (t * h * sizeof(float), r => Hidden = r),
            (t * h * sizeof(float), r => Sum = r),
            (t * h, r => Codes8 = r),
            (model.NeedsInt16 ? t * h * sizeof(short) : 0, r => Codes16 = r),
            (t * 3 * h, r => Projections = r),
            (t * h * codes, r => Context = r),
            (t * f * codes, r => Up = r),
            (b * h * sizeof(short), r => Pooled = r),
            (b * model.ClassesPitch * sizeof(float), r => Logits = r),
            ((long)GemmPlanner.PartialCapacity * sizeof(int), r => Partial = r),
            ((long)GemmPlanner.ArrivalCapacity * sizeof(int), r => Arrivals = r),
        };
        const int alignment = 256;
        long Aligned(long bytes) => (bytes + alignment - 1) & -alignment;
        _memory = driver.Allocate(context, layout.Sum(part => Aligned(part.Bytes)), $"the activations of {maxTokens} tokens");
        // Split sums and their counters start at zero; other rows are only kept from being read before they are written.
        driver.Fill(stream, _memory.All, 0);
        var offset = 0L;
        foreach (var (bytes, set) in layout)
        {
            set(_memory.Slice(offset, bytes));
            offset += Aligned(bytes);
        }
    }

    /// <summary>Most tokens of a bucket.</summary>
    public int MaxTokens { get; }

    /// <summary>Most sequences of a bucket: one for each token, as a power of two.</summary>
    public int MaxSequences { get; }

    /// <summary>Size.</summary>
    public long Bytes => _memory.Bytes;

    /// <summary>int32: ids [T], types [T], positions [T], first token of each sequence [B], offsets [B + 1].</summary>
    public DeviceRange Input { get; private set; }

    /// <summary>Float hidden states [T, Hp]: the residual.</summary>
    public DeviceRange Hidden { get; private set; }

    /// <summary>Float sums before a LayerNorm [T, Hp].</summary>
    public DeviceRange Sum { get; private set; }

    /// <summary>int8 codes of the hidden states [T, Hp].</summary>
    public DeviceRange Codes8 { get; private set; }

    /// <summary>int16 codes of the hidden states [T, Hp], where a layer reads them.</summary>
    public DeviceRange Codes16 { get; private set; }

    /// <summary>int8 codes of query, key and value [T, 3 Hp].</summary>
    public DeviceRange Projections { get; private set; }

    /// <summary>Codes of the attention's context [T, Hp].</summary>
    public DeviceRange Context { get; private set; }

    /// <summary>Codes after GELU [T, Fp].</summary>
    public DeviceRange Up { get; private set; }

    /// <summary>int16 codes of the pooler's output [B, Hp].</summary>
    public DeviceRange Pooled { get; private set; }

    /// <summary>Logits [B, Cp].</summary>
    public DeviceRange Logits { get; private set; }

    /// <summary>int32 sums of split products, zero between launches.</summary>
    public DeviceRange Partial { get; private set; }

    /// <summary>Counters of split products, zero between launches.</summary>
    public DeviceRange Arrivals { get; private set; }

    /// <summary>Bytes of <see cref="Input"/> for a bucket.</summary>
    public static long InputBytes(Bucket bucket) => (3L * bucket.Tokens + 2L * bucket.Sequences + 1) * sizeof(int);

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _memory.Dispose();
}

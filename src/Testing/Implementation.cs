using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.Testing.Traces;

namespace QatKit.Testing;

/// <summary>Something that computes the logits of one model: the reference, a backend, a tier, another format.</summary>
/// <param name="name">Shown in reports, for example <c>avx2</c>.</param>
/// <param name="run">Logits [B, C] of a batch. Records intermediate tensors when given a trace; may record none at all.</param>
/// <param name="owned">Disposed with this object.</param>
public sealed class Implementation(string name, Func<TokenBatch, IActivationTrace?, float[]> run, IDisposable? owned = null) : IDisposable
{
    /// <summary>True where every intermediate tensor is recorded: one that is missing is then a difference. By default false, and what is
    /// not recorded at all is compared by its logits.</summary>
    public bool RecordsTrace { get; init; }

    /// <summary>Shown in reports.</summary>
    public string Name { get; } = name;

    /// <summary>Logits [B, C] of a batch.</summary>
    public float[] Run(TokenBatch batch, IActivationTrace? trace = null) => run(batch, trace);

    /// <summary>Logits of a batch, and every tensor that was recorded on the way.</summary>
    public (RecordingTrace Trace, float[] Logits) RunTraced(TokenBatch batch)
    {
        var trace = new RecordingTrace();
        return (trace, Run(batch, trace));
    }

    /// <inheritdoc/>
    public void Dispose() => owned?.Dispose();

    /// <summary>The scalar specification.</summary>
    public static Implementation Reference(QuantizedGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return new Implementation("reference", (batch, trace) => ReferenceExecutor.Run(graph, batch, trace)) { RecordsTrace = true };
    }
}

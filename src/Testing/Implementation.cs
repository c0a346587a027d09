using QatKit.Core.Graph;
using QatKit.Core.Reference;

namespace QatKit.Testing;

/// <summary>Something that computes the logits of a model: the reference, a backend, a tier, another format.</summary>
/// <param name="Name">Shown in reports, for example <c>avx2 dense</c>.</param>
/// <param name="Run">Logits [B, C] of a batch. Records intermediate tensors when given a trace; may record none at all.</param>
public sealed record Implementation(string Name, Func<TokenBatch, IActivationTrace?, float[]> Run)
{
    /// <summary>The scalar specification.</summary>
    public static Implementation Reference(QuantizedGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return new Implementation("reference", (batch, trace) => ReferenceExecutor.Run(graph, batch, trace));
    }
}

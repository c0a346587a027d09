using QatKit.Core.Graph;

namespace QatKit.InferenceEngine;

/// <summary>One way of computing the logits of a loaded model. Implementations are safe for concurrent calls.</summary>
internal interface IComputeBackend : IDisposable
{
    /// <summary>Short name, the <c>backend</c> tag of the metrics.</summary>
    string Name { get; }

    /// <summary>Kernel tier, the <c>kernel.tier</c> tag of the metrics.</summary>
    string Tier { get; }

    /// <summary>What runs and why, for people.</summary>
    string Description { get; }

    /// <summary>Sizes of the model.</summary>
    BertArchitecture Architecture { get; }

    /// <summary>Threads of the processor that a call with this batch keeps busy, the caller's included.</summary>
    int ThreadsFor(TokenBatch batch);

    /// <summary>Computes the logits of a batch that <see cref="TokenBatchValidator"/> accepted.</summary>
    /// <param name="batch">B sequences.</param>
    /// <param name="trace">Receives intermediate tensors, when given.</param>
    /// <param name="logits">Receives the logits, exactly [B, C].</param>
    void Run(TokenBatch batch, IActivationTrace? trace, Span<float> logits);
}

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

    /// <summary>Computes the logits [B, C] of a batch that <see cref="TokenBatchValidator"/> accepted.</summary>
    float[] Run(TokenBatch batch, IActivationTrace? trace);
}

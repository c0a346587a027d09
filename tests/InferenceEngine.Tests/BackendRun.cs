using QatKit.Core.Graph;

namespace QatKit.InferenceEngine.Tests;

internal static class BackendRun
{
    /// <summary>Runs a batch that fits the model, on a backend without a session.</summary>
    public static float[] Run(this IComputeBackend backend, TokenBatch batch, IActivationTrace? trace)
    {
        var logits = new float[batch.Count * backend.Architecture.Classes];
        backend.Run(batch, trace, logits);
        return logits;
    }
}

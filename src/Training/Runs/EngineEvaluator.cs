using QatKit.Core.Graph;
using QatKit.InferenceEngine;
using QatKit.Training.Data;

namespace QatKit.Training.Runs;

// Runs a frozen model in the inference engine over a data set.
internal static class EngineEvaluator
{
    private const int BatchSize = 32;

    // Logits of every example in file order, [Count, C] row-major.
    public static float[] Logits(QuantizedGraph graph, EncodedDataset data)
    {
        var classes = graph.Architecture.Classes;
        var result = new float[data.Count * classes];
        using var session = InferenceSession.Create(graph);
        foreach (var indices in Enumerable.Range(0, data.Count).Chunk(BatchSize))
            session.Run(data.Batch(indices)).CopyTo(result, indices[0] * classes);
        return result;
    }
}

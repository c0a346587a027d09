using QatKit.Core.Graph;
using QatKit.Training.Bert;

namespace QatKit.Training.Tests.Bert;

/// <summary>Small models and batches.</summary>
internal static class TinyBert
{
    internal static BertConfig Config(double dropout = 0) => new()
    {
        VocabSize = 50, HiddenSize = 32, Layers = 2, Heads = 2, IntermediateSize = 64, MaxPositions = 16, Classes = 3,
        HiddenDropout = dropout, AttentionDropout = dropout, InitializerRange = 0.15,
    };

    internal static TokenBatch Batch(BertConfig config, int seed, params int[] lengths) =>
        SyntheticGraph.CreateBatch(config.ToArchitecture(), lengths, seed);
}

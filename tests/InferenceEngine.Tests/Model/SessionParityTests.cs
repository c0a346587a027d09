using QatKit.Core.Graph;
using QatKit.Core.Reference;

namespace QatKit.InferenceEngine.Tests.Model;

/// <summary>Whole models on every tier against the reference: every intermediate tensor and the logits.</summary>
public sealed class SessionParityTests
{
    private static readonly BertArchitecture Small = new(2, 32, 2, 64, 50, 40, 2, 3);

    [Theory]
    [InlineData(CpuTier.Scalar, false, 1)]
    [InlineData(CpuTier.Scalar, true, 3)]
    public void Every_tensor_equals_the_reference(CpuTier tier, bool sparse24, int threads)
    {
        var graph = SyntheticGraph.Create(Small, 11, sparse24);
        var batch = SyntheticGraph.CreateBatch(Small, [5, 1, 40, 17], 12);
        var expected = new RecordedTrace();
        var logits = ReferenceExecutor.Run(graph, batch, expected);
        using var session = InferenceSession.Create(graph, new SessionOptions { CpuTier = tier, Threads = threads });
        var actual = new RecordedTrace();
        Assert.Equal(logits, session.Run(batch, actual));
        RecordedTrace.AssertEqual(expected, actual);
    }
}

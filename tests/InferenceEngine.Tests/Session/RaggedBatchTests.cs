using QatKit.Core.Graph;
using QatKit.Core.Reference;
using QatKit.InferenceEngine.Cpu;
using QatKit.TestKit;

namespace QatKit.InferenceEngine.Tests.Session;

/// <summary>A batch costs its tokens, not its padding: every operation is counted.</summary>
public sealed class RaggedBatchTests
{
    private static readonly BertArchitecture Small = new(2, 32, 2, 64, 50, 128, 2, 3);
    private static readonly QuantizedGraph Graph = SyntheticGraph.Create(Small, 21);

    public static TheoryData<KernelSet, int, int[]> SetsThreadsAndLengths =>
    [
        // Blocks one by one, and in pairs.
        .. from set in new[] { KernelSet.Scalar, KernelSet.Avx512VnniEmulated }
           from batch in new (int Threads, int[] Lengths)[] { (1, [1, 128, 2, 40]), (2, [1, 128, 2, 40]), (3, [128]), (5, [1]), (7, [1, 1, 1]) }
           select (set, batch.Threads, batch.Lengths),
    ];

    [Theory]
    [MemberData(nameof(SetsThreadsAndLengths))]
    public void Every_token_is_computed_once_and_padding_never(KernelSet set, int threads, int[] lengths)
    {
        var batch = SyntheticGraph.CreateBatch(Small, lengths, 1);
        var kernels = new ObservedKernels(KernelSets.Require(set));
        using var session = InferenceSession.Wrap(CpuBackend.Create(Graph, new CpuSettings(kernels, threads, WeightFormat.Auto, "test")));
        TensorAssert.BitEqual(ReferenceExecutor.Run(Graph, batch), session.Run(batch), 3);

        int tokens = lengths.Sum(), sequences = lengths.Length;
        Assert.Equal(tokens, kernels.Embedded);
        // After the embeddings and in the first layer every token; in the last layer, after attention, only each first one.
        Assert.Equal((3 * tokens + 2 * sequences) * Small.Hidden, kernels.Normalized);
        Assert.Equal(Small.Heads * (tokens + sequences), kernels.Queries);
        var expected = new Dictionary<string, int>();
        foreach (var linear in Graph.Linears)
        {
            var everyToken = linear.Name.Contains("layer.0.", StringComparison.Ordinal) || linear.Name.Contains("attention.self", StringComparison.Ordinal);
            expected[linear.Name] = (everyToken ? tokens : sequences) * PackedLinear.BlocksOf(linear.Out);
        }

        Assert.Equal(expected, kernels.Tiles);
    }
}
